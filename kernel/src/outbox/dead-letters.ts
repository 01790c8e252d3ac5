/**
 * Commands that ran out of time, and those that may not but are late: a person looks at them and decides. Every decision
 * is written down with the change.
 */
import { later } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { CLASSES, type CommandClass } from './classes.ts';
import type { RecordChange } from './outbox.ts';
import { COMMAND_COLUMNS, type CommandRow, lockOrder, toCommand } from './store.ts';

export type DeadLetter = {
  id: string;
  kind: string;
  class: CommandClass;
  createdAt: Date;
  deadAt: Date;
  attempts: number;
  /** Ids only, as in the command. */
  body: Readonly<Record<string, unknown>>;
};

/** Never given up, and not done by the time at which somebody had to be told. Delivery goes on. */
export type OverdueCommand = Omit<DeadLetter, 'deadAt'> & {
  /** When it should be done. */
  notAfter: Date;
  alarms: { threshold: string; raisedAt: Date }[];
};

export type DeadLetters = {
  /** Oldest first. */
  list(limit: number): Promise<DeadLetter[]>;
  /** The nearest end of a term first. */
  overdue(limit: number): Promise<OverdueCommand[]>;
  show(id: string): Promise<DeadLetter | OverdueCommand | undefined>;
  /**
   * Delivers it again under the same key, with a whole life before it, after whatever of its order is owed by then. False:
   * there is no such dead letter.
   */
  replay(id: string, by: { actor: string; now: Date }): Promise<boolean>;
  /** Leaves it undelivered for good, an overdue command too. False: there is neither. */
  discard(id: string, by: { actor: string; now: Date }): Promise<boolean>;
};

type DeadRow = CommandRow & { dead_at: Date };

const toDeadLetter = (row: DeadRow): DeadLetter => {
  const { id, kind, class: commandClass, createdAt, attempts, body } = toCommand(row);
  return { id, kind, class: commandClass, createdAt, deadAt: row.dead_at, attempts, body };
};

type OverdueRow = CommandRow & { alarms: { threshold: string; raisedAt: string }[] };

const toOverdue = (row: OverdueRow): OverdueCommand => {
  const { id, kind, class: commandClass, createdAt, notAfter, attempts, body } = toCommand(row);
  const alarms = row.alarms.map(({ threshold, raisedAt }) => ({ threshold, raisedAt: new Date(raisedAt) }));
  return { id, kind, class: commandClass, createdAt, notAfter, attempts, body, alarms };
};

/** Commands that were not done when an alarm was raised, and still are not. */
const OVERDUE = `SELECT ${COMMAND_COLUMNS}, a.alarms FROM outbox.commands c JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('threshold', threshold, 'raisedAt', raised_at) ORDER BY raised_at, threshold) AS alarms
    FROM outbox.alarms WHERE command_id = c.id
  ) a ON a.alarms IS NOT NULL WHERE c.finished_at IS NULL`;

/** @param record is told of a decision in the transaction that makes it, as the outbox's own is of any change. */
export const createDeadLetters = ({ database, record }: { database: Database; record: RecordChange }): DeadLetters => {
  const find = async (id: string): Promise<DeadLetter | OverdueCommand | undefined> => {
    const [row] = await database.query<DeadRow>(
      `SELECT ${COMMAND_COLUMNS}, dead_at FROM outbox.commands WHERE id = $1 AND dead_at IS NOT NULL`,
      [id],
    );
    if (row) return toDeadLetter(row);
    const [late] = await database.query<OverdueRow>(`${OVERDUE} AND c.id = $1`, [id]);
    return late && toOverdue(late);
  };
  const act = (
    action: 'replay' | 'discard',
    id: string,
    { actor, now }: { actor: string; now: Date },
  ): Promise<boolean> =>
    database.transaction(async (transaction) => {
      const [row] = await transaction.query<CommandRow & { was_late: boolean }>(
        `SELECT ${COMMAND_COLUMNS}, finished_at IS NULL AS was_late FROM outbox.commands c WHERE id = $1 AND (
           dead_at IS NOT NULL OR $2 AND finished_at IS NULL AND EXISTS (SELECT 1 FROM outbox.alarms WHERE command_id = c.id)
         ) FOR UPDATE`,
        [id, action === 'discard'],
      );
      if (!row) return false;
      await transaction.query(
        'INSERT INTO outbox.dead_letter_actions (command_id, action, actor, at) VALUES ($1, $2, $3, $4)',
        [id, action, actor, now],
      );
      const command = toCommand(row);
      if (action === 'discard') {
        // Whoever delivers it at this moment is fenced out by its end.
        await transaction.query(
          `UPDATE outbox.commands SET dead_at = NULL, state = 'FAILED', finished_at = coalesce(finished_at, $2),
             lease_until = NULL WHERE id = $1`,
          [id, now],
        );
        if (row.was_late) await record(transaction, { command, state: 'FAILED', code: 'NOT_DELIVERED', at: now });
        return true;
      }
      if (command.orderKey !== null) await lockOrder(transaction, command.orderKey);
      await transaction.query(
        `UPDATE outbox.commands SET seq = DEFAULT, dead_at = NULL, state = 'QUEUED', finished_at = NULL, phase = 'send', lease_until = NULL, next_at = $2, not_after = $3 WHERE id = $1`,
        [id, now, later(now, CLASSES[command.class].lifeMs)],
      );
      await record(transaction, { command, state: 'QUEUED', code: null, at: now });
      return true;
    });

  return {
    list: async (limit) =>
      (
        await database.query<DeadRow>(
          `SELECT ${COMMAND_COLUMNS}, dead_at FROM outbox.commands WHERE dead_at IS NOT NULL ORDER BY dead_at, id LIMIT $1`,
          [limit],
        )
      ).map(toDeadLetter),
    overdue: async (limit) =>
      (await database.query<OverdueRow>(`${OVERDUE} ORDER BY c.not_after, c.id LIMIT $1`, [limit])).map(toOverdue),
    show: find,
    replay: (id, by) => act('replay', id, by),
    discard: (id, by) => act('discard', id, by),
  };
};
