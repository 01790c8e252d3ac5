/**
 * The outbox: a command is a row in the same transaction as the promise it serves, and is delivered from there.
 * Redis, jobs and timers only make delivery quicker; losing them loses nothing.
 *
 *   put (in the caller's transaction) → wake → dispatcher → deliver: claim · permit · send · decide · settle
 *                                               ├── next of its order key, if it has ended
 *                                               └── sweep: whatever is due and was not woken
 *
 * A slower look raises the alarms of what should be done by now and forgets what ended long ago (upkeep.ts).
 */
import type { Queryable } from '../database/database.ts';
import type { ErrorCode } from '../errors.ts';
import type { CommandClass } from './classes.ts';
import type { Outcome } from './decide.ts';

export type CommandState =
  | 'ACCEPTED'
  | 'QUEUED'
  | 'SENT'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'EXPIRED'
  | 'UNKNOWN_OUTCOME'
  | 'CANCELLED';

export type NewCommand = {
  id: string;
  kind: string;
  class: CommandClass;
  /** Commands of one key are delivered one at a time, in order; null: no order. */
  orderKey: string | null;
  /** Ids only; never personal data. */
  body: Readonly<Record<string, unknown>>;
  createdAt: Date;
  /** After it the command is not handed over; for a class that never gives up, when it should be done. */
  notAfter: Date;
};

export type Command = NewCommand & {
  phase: 'send' | 'confirm';
  attempts: number;
  /** When it was last handed over. */
  sentAt: Date | null;
  /** An earlier attempt may have had an effect that nobody knows of. */
  uncertain: boolean;
  leaseToken: number;
};

/** How one kind of command is delivered. Every call is bounded by `signal`. */
export type Handler = {
  /** Decided again when the turn comes: a code cancels the command, null lets it go. */
  permit(command: Command): Promise<ErrorCode | null>;
  /** Hands the command over under its id as idempotency key. */
  send(command: Command, signal: AbortSignal): Promise<Outcome>;
  /** Finds out what became of an earlier attempt. Never repeats it. */
  confirm(command: Command, signal: AbortSignal): Promise<Outcome>;
};

/** What the rest of the house is told, in the transaction in which it becomes true. */
export type Change = {
  command: Command;
  state: CommandState;
  code: ErrorCode | null;
  /** With `SUCCEEDED`, what the receiver made of it. */
  result?: Readonly<Record<string, unknown>>;
  at: Date;
};
export type RecordChange = (transaction: Queryable, change: Change) => Promise<void>;

/** A command whose turn has come. `leaseToken` tells one turn from the next, so that each is queued once. */
export type Turn = { id: string; class: CommandClass; leaseToken: number };

/** Hands command ids to whoever delivers them. Best effort: what it loses, the sweep finds. */
export type Dispatcher = {
  readonly driver: 'in-process' | 'bull';
  /** Begins to deliver; `deliver` never rejects. */
  start(deliver: (id: string) => Promise<void>): Promise<void>;
  /** Returns at once. What is already under way or does not fit is dropped. */
  dispatch(turn: Turn): void;
  /** Takes no more, finishes what is under way. */
  stop(): Promise<void>;
};

export { createBullDispatcher } from './bull.ts';
export { CLASSES, type CommandClass, RETRY_AFTER_LIMIT_MS } from './classes.ts';
export { createDeadLetters, type DeadLetters } from './dead-letters.ts';
export { CLOCKS_APART_MS, type Outcome } from './decide.ts';
export { createInProcessDispatcher } from './in-process.ts';
export { createRelay, type Relay } from './relay.ts';
export { createOutboxStore, migrateOutbox, type OutboxStore } from './store.ts';
