/** Commands that ran out of time: a person looks at them and decides. Every decision is written down with the change. */
import { later } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { CLASSES, type CommandClass } from './classes.ts';
import type { RecordChange } from './outbox.ts';
import { COMMAND_COLUMNS, type CommandRow, toCommand } from './store.ts';

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

export type DeadLetters = {
  /** Oldest first. */
  list(limit: number): Promise<DeadLetter[]>;
  show(id: string): Promise<DeadLetter | undefined>;
  /** Delivers it again under the same key, with a whole life before it. False: there is no such dead letter. */
  replay(id: string, by: { actor: string; now: Date }): Promise<boolean>;
  /** Leaves it undelivered for good. False: there is no such dead letter. */
  discard(id: string, by: { actor: string; now: Date }): Promise<boolean>;
};

type DeadRow = CommandRow & { dead_at: Date };

const toDeadLetter = (row: DeadRow): DeadLetter => {
  const { id, kind, class: commandClass, createdAt, attempts, body } = toCommand(row);
  return { id, kind, class: commandClass, createdAt, deadAt: row.dead_at, attempts, body };
};

/** @param record is told of a replay in the transaction that makes it, as the outbox's own is of any change. */
export const createDeadLetters = ({ database, record }: { database: Database; record: RecordChange }): DeadLetters => {
  const find = async (id: string): Promise<DeadLetter | undefined> => {
    const [row] = await database.query<DeadRow>(
      `SELECT ${COMMAND_COLUMNS}, dead_at FROM outbox.commands WHERE id = $1 AND dead_at IS NOT NULL`,
      [id],
    );
    return row && toDeadLetter(row);
  };
  const act = (
    action: 'replay' | 'discard',
    id: string,
    { actor, now }: { actor: string; now: Date },
  ): Promise<boolean> =>
    database.transaction(async (transaction) => {
      const [row] = await transaction.query<CommandRow>(
        `UPDATE outbox.commands SET dead_at = NULL WHERE id = $1 AND dead_at IS NOT NULL RETURNING ${COMMAND_COLUMNS}`,
        [id],
      );
      if (!row) return false;
      await transaction.query(
        'INSERT INTO outbox.dead_letter_actions (command_id, action, actor, at) VALUES ($1, $2, $3, $4)',
        [id, action, actor, now],
      );
      if (action === 'discard') return true;
      const command = toCommand(row);
      await transaction.query(
        `UPDATE outbox.commands SET state = 'QUEUED', finished_at = NULL, phase = 'send', lease_until = NULL, next_at = $2, not_after = $3 WHERE id = $1`,
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
    show: find,
    replay: (id, by) => act('replay', id, by),
    discard: (id, by) => act('discard', id, by),
  };
};
