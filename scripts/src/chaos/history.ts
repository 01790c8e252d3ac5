/** What happened in a run, as plain data: everything that the oracle may look at. Times are in milliseconds since 1970. */

/** What a client meant to do once, under one idempotency key. */
export type Intent = {
  key: string;
  kind: 'OPEN' | 'VEHICLE_ADD' | 'VEHICLE_REMOVE';
  subject: string;
  premisesId: string;
  /** Of a vehicle: as the platform keeps it. */
  plate?: string;
  /** Of a vehicle: its place in the premises' sequence. An intent was accepted before the next one was made. */
  place?: number;
  /** Every operation that an answer named for this key and this input; empty while it was not accepted. */
  operationIds: string[];
  /** Every operation that an answer named for this key and another input, which is to be refused. */
  reusedAs: string[];
};

/** A row of what callers are shown, with what delivery says about it. */
export type Operation = {
  id: string;
  kind: string;
  state: string;
  subject: string;
  premisesId: string;
  /** Under which it was asked for: once, or again by somebody impatient. */
  keys: string[];
  /** Of an open: the one whose pulse is to open for this one too; null: it has a command of its own. */
  follows: string | null;
  /** Of an open: the platform's name of the point. */
  target?: string;
  createdAt: number;
  deadline: number;
  attempts: number;
  finishedAt: number | null;
  /** What the command's own row says; null when there is none. */
  commandState: string | null;
  /** What the caller was shown in the end; absent when it was not asked. */
  shownState?: string;
};

/** A line of the platform's ledger. */
export type Effect = {
  sequence: number;
  at: number;
  kind: string;
  target: string;
  idempotencyKey?: string;
  apiVersion: string;
};

/** A request to open that reached the platform under a key (v2). */
export type Sending = { at: number; key: string; authorization: string; target: string };

/** A right that ended, and when it was given back. */
export type Revocation = { subject: string; premisesId: string; at: number; until: number };

/** A time in which a process of ours or the platform stood still. */
export type Standstill = { from: number; to: number };

/** A flat, and the plates that the platform has for it in the end, in its order. */
export type Flat = { premisesId: string; unitId: string; apiVersion: 'v1' | 'v2'; plates: string[] };

/** Something that opens. A second pulse on a toggle stops or reverses the first. */
export type Point = { target: string; apiVersion: 'v1' | 'v2'; toggle: boolean };

/** A state that a caller was shown on the way. */
export type Shown = { operationId: string; state: string; at: number };

export type History = {
  intents: Intent[];
  operations: Operation[];
  /** In the order of the ledger. */
  effects: Effect[];
  sendings: Sending[];
  revocations: Revocation[];
  standstills: Standstill[];
  flats: Flat[];
  shown: Shown[];
  points: Point[];
};

export const COUNTERS = ['lost', 'duplicated', 'late', 'falseNotOpened', 'outOfOrder'] as const;
export type Counter = (typeof COUNTERS)[number];

export type Violation = {
  counter: Counter;
  /** What is wrong, for a person. */
  reason: string;
  operationId?: string;
  premisesId?: string;
  effects?: Effect[];
};

export const FINAL: ReadonlySet<string> = new Set(['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED']);
/** Ends that say: nothing happened. */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['FAILED', 'EXPIRED', 'CANCELLED']);
