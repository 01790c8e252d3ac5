import { join } from 'node:path';
import { type Database, migrate, type Queryable, type Row } from '../database/database.ts';
import { COMMAND_CLASSES, type CommandClass } from './classes.ts';
import { CLOCKS_APART_MS, type Decision, isUncertain } from './decide.ts';
import type { Change, Command, NewCommand, RecordChange, Turn } from './outbox.ts';
import { createUpkeep, type Upkeep } from './upkeep.ts';

/** Short enough that a dead worker's command goes on within seconds; a living worker renews it (see relay.ts). */
export const LEASE_MS = 3_000;

export type CommandRow = Row & {
  id: string;
  kind: string;
  class: CommandClass;
  order_key: string | null;
  body: { [key: string]: unknown };
  created_at: Date;
  not_after: Date;
  phase: 'send' | 'confirm';
  attempts: number;
  sent_at: Date | null;
  uncertain: boolean;
  lease_token: number;
};

export const toCommand = (row: CommandRow): Command => ({
  id: row.id,
  kind: row.kind,
  class: row.class,
  orderKey: row.order_key,
  body: row.body,
  createdAt: row.created_at,
  notAfter: row.not_after,
  phase: row.phase,
  attempts: row.attempts,
  sentAt: row.sent_at,
  uncertain: row.uncertain,
  leaseToken: row.lease_token,
});

/** What `toCommand` reads. */
export const COMMAND_COLUMNS =
  'id, kind, class, order_key, body, created_at, not_after, phase, attempts, sent_at, uncertain, lease_token';

/** Keeps the locks of order keys apart from all others of the database. */
const ORDER_LOCK = 7_301_205;

/** As `OutboxStore.lockOrder`. */
export const lockOrder = async (transaction: Queryable, orderKey: string): Promise<void> => {
  await transaction.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [ORDER_LOCK, orderKey]);
};

/** A question waits for no longer, unless the receiver asked for more. */
const QUESTION_WAITS_MS = 65_000;

const ahead = (now: string, milliseconds: number): string => `${now}::timestamptz + interval '${milliseconds} ms'`;

/**
 * In SQL: its time has come. What was last touched in the future was so by a clock that has been set back since, and its
 * times say nothing: it is looked at now, and not when the clock is there again.
 * @param now names the parameter.
 */
const isDue = (now: string): string =>
  `(next_at <= ${now} OR coalesce(sent_at, created_at) > ${ahead(now, CLOCKS_APART_MS)}
    AND (phase = 'send' OR next_at > ${ahead(now, QUESTION_WAITS_MS)}))`;
/** In SQL: nobody is at it. A lease that lies further ahead than any is of such a clock too. */
const isFree = (now: string): string =>
  `(lease_until IS NULL OR lease_until <= ${now} OR lease_until > ${ahead(now, LEASE_MS + CLOCKS_APART_MS)})`;

export type OutboxStore = Upkeep & {
  /**
   * Lets one transaction at a time decide about an order key and add to it. `seq` is drawn before the commit that shows
   * it: unless the others wait until then, a later command is claimed first and an earlier one beside it.
   */
  lockOrder(transaction: Queryable, orderKey: string): Promise<void>;
  /** Adds the command in the caller's transaction. */
  put(transaction: Queryable, command: NewCommand): Promise<void>;
  /**
   * Ids that are due and that nobody is at, most urgent first; `limit` of each class, so that a crowd of one hides no
   * other. Of one order key only the first is due.
   */
  due(now: Date, limit: number): Promise<Turn[]>;
  /** The first of an order key, when its turn has come. */
  next(orderKey: string, now: Date): Promise<Turn | undefined>;
  /**
   * Lets the question about a command that was handed over be asked now and not when its time has come. Undefined when
   * nobody would ask: it has ended, was not handed over, is being asked about, or is due anyway.
   */
  hasten(id: string, now: Date): Promise<Turn | undefined>;
  /** Takes the command for `LEASE_MS`, or undefined when it is finished, not due, not first in its order, or taken. */
  claim(id: string, now: Date): Promise<Command | undefined>;
  /**
   * Commits, before any byte leaves, that an effect is possible: should this worker die now, the next one asks what
   * became of it before it may send again. `now` is kept as the time of handing over. False: the lease is lost.
   */
  markSent(command: Command, now: Date): Promise<boolean>;
  /** Keeps the claim for another `LEASE_MS`. */
  renew(command: Command, now: Date): Promise<void>;
  /** Commits what follows. False: the lease was lost meanwhile and nothing was written. */
  settle(command: Command, decision: Decision, now: Date): Promise<boolean>;
};

const createHasten =
  (database: Database): OutboxStore['hasten'] =>
  async (id, now) => {
    const [turn] = await database.query<Turn>(
      `UPDATE outbox.commands SET next_at = $2
       WHERE id = $1 AND finished_at IS NULL AND phase = 'confirm' AND next_at > $2 AND ${isFree('$2')}
       RETURNING id, class, lease_token AS "leaseToken"`,
      [id, now],
    );
    return turn;
  };

/** Nobody took it in its time: it waits for a person (dead-letters.ts). */
const isUndelivered = (decision: Decision): boolean => 'code' in decision && decision.code === 'NOT_DELIVERED';

export const migrateOutbox = (database: Database): Promise<void> =>
  migrate(database, { schema: 'outbox', directory: join(import.meta.dirname, 'migrations') });

/** @param record is told of every change in the transaction that makes it. */
export const createOutboxStore = ({ database, record }: { database: Database; record: RecordChange }): OutboxStore => {
  /** Runs `update` and tells of the change, unless the lease is no longer ours. */
  const fenced = (change: Change, sql: string, parameters: readonly unknown[]): Promise<boolean> =>
    database.transaction(async (transaction) => {
      const [row] = await transaction.query(`${sql} RETURNING id`, parameters);
      if (!row) return false;
      await record(transaction, change);
      return true;
    });

  return {
    ...createUpkeep({ database }),
    hasten: createHasten(database),
    lockOrder,
    put: async (transaction, { id, kind, class: commandClass, orderKey, body, createdAt, notAfter }) => {
      if (orderKey !== null) await lockOrder(transaction, orderKey);
      await transaction.query(
        `INSERT INTO outbox.commands (id, kind, class, order_key, body, created_at, not_after, next_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $6, 'ACCEPTED')`,
        [id, kind, commandClass, orderKey, JSON.stringify(body), createdAt, notAfter],
      );
    },
    due: (now, limit) =>
      database.query(
        `SELECT id, class, "leaseToken" FROM (
           SELECT id, class, lease_token AS "leaseToken", next_at, row_number() OVER (PARTITION BY class ORDER BY next_at) AS place
           FROM outbox.commands c
           WHERE finished_at IS NULL AND ${isDue('$1')} AND ${isFree('$1')}
             AND NOT EXISTS (SELECT 1 FROM outbox.commands e WHERE e.order_key = c.order_key AND e.seq < c.seq AND e.finished_at IS NULL)
         ) due WHERE place <= $2
         ORDER BY array_position($3::text[], class), next_at`,
        [now, limit, COMMAND_CLASSES],
      ),
    next: async (orderKey, now) => {
      const [first] = await database.query<Turn & { isDue: boolean }>(
        `SELECT id, class, lease_token AS "leaseToken", ${isDue('$2')} AND ${isFree('$2')} AS "isDue"
         FROM outbox.commands WHERE order_key = $1 AND finished_at IS NULL ORDER BY seq LIMIT 1`,
        [orderKey, now],
      );
      return first?.isDue ? { id: first.id, class: first.class, leaseToken: first.leaseToken } : undefined;
    },
    claim: async (id, now) => {
      const [row] = await database.query<CommandRow>(
        `UPDATE outbox.commands c SET lease_token = lease_token + 1, lease_until = $3
         WHERE id = $1 AND finished_at IS NULL AND ${isDue('$2')} AND ${isFree('$2')}
           AND NOT EXISTS (SELECT 1 FROM outbox.commands e WHERE e.order_key = c.order_key AND e.seq < c.seq AND e.finished_at IS NULL)
         RETURNING ${COMMAND_COLUMNS}`,
        [id, now, new Date(now.getTime() + LEASE_MS)],
      );
      return row && toCommand(row);
    },
    markSent: (command, now) =>
      fenced(
        { command: { ...command, attempts: command.attempts + 1, sentAt: now }, state: 'SENT', code: null, at: now },
        `UPDATE outbox.commands SET attempts = attempts + 1, sent_at = $3, state = 'SENT', phase = 'confirm' WHERE id = $1 AND lease_token = $2 AND lease_until > $3`,
        [command.id, command.leaseToken, now],
      ),
    renew: async (command, now) => {
      await database.query(
        'UPDATE outbox.commands SET lease_until = $3 WHERE id = $1 AND lease_token = $2 AND lease_until > $4',
        [command.id, command.leaseToken, new Date(now.getTime() + LEASE_MS), now],
      );
    },
    settle: (command, decision, now) =>
      decision.then === 'finish'
        ? fenced(
            {
              command,
              state: decision.state,
              code: 'code' in decision ? decision.code : null,
              ...('result' in decision && { result: decision.result }),
              at: now,
            },
            `UPDATE outbox.commands SET state = $3, finished_at = $4, dead_at = $5, lease_until = NULL WHERE id = $1 AND lease_token = $2 AND finished_at IS NULL`,
            [command.id, command.leaseToken, decision.state, now, isUndelivered(decision) ? now : null],
          )
        : fenced(
            {
              command,
              state: decision.state,
              code: decision.state === 'UNKNOWN_OUTCOME' ? 'OUTCOME_UNKNOWN' : null,
              at: now,
            },
            `UPDATE outbox.commands SET state = $3, phase = $4, next_at = $5, uncertain = $6, lease_until = NULL WHERE id = $1 AND lease_token = $2 AND finished_at IS NULL`,
            [
              command.id,
              command.leaseToken,
              decision.state,
              decision.phase,
              decision.at,
              isUncertain(command, decision),
            ],
          ),
  };
};
