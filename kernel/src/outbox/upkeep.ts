/**
 * What the outbox needs besides delivery: that somebody learns of what is late, that what is over is forgotten, and that
 * whoever asks is told how commands stand.
 */
import type { Database } from '../database/database.ts';
import { CLASSES, COMMAND_CLASSES, type CommandClass } from './classes.ts';
import type { CommandState } from './outbox.ts';

export type RaisedAlarm = {
  id: string;
  kind: string;
  class: CommandClass;
  createdAt: Date;
  attempts: number;
  threshold: string;
};

/** A command from its beginning to its end. */
export type Span = { id: string; state: CommandState; createdAt: Date; finishedAt: Date | null };

export type Upkeep = {
  /** Raises the alarms that are due, `limit` at most, each once for ever. @returns those that were raised by this call. */
  raiseAlarms(now: Date, limit: number): Promise<RaisedAlarm[]>;
  /**
   * Deletes `limit` commands at most that ended before `before`. A dead letter stays, and so does one that a person has
   * decided about.
   */
  forget(before: Date, limit: number): Promise<void>;
  /** How these commands stand; ids that nobody knows are left out. */
  spans(ids: readonly string[]): Promise<Span[]>;
};

/** The alarms of the table, as rows. */
const THRESHOLDS = JSON.stringify(
  COMMAND_CLASSES.flatMap((commandClass) =>
    CLASSES[commandClass].alarms.map((alarm) => ({
      class: commandClass,
      threshold: alarm.threshold,
      of_term: 'ofTerm' in alarm ? alarm.ofTerm : null,
      after_ms: 'afterMs' in alarm ? alarm.afterMs : null,
    })),
  ),
);

export const createUpkeep = ({ database }: { database: Database }): Upkeep => ({
  raiseAlarms: (now, limit) =>
    database.query(
      `WITH raised AS (
         INSERT INTO outbox.alarms (command_id, threshold, raised_at)
         SELECT c.id, t.threshold, $1 FROM outbox.commands c
         JOIN jsonb_to_recordset($2::jsonb) AS t (class text, threshold text, of_term float8, after_ms float8) ON t.class = c.class
         WHERE c.finished_at IS NULL
           AND $1 >= c.created_at + coalesce((c.not_after - c.created_at) * t.of_term, t.after_ms * interval '1 millisecond')
           AND NOT EXISTS (SELECT 1 FROM outbox.alarms a WHERE a.command_id = c.id AND a.threshold = t.threshold)
         ORDER BY c.created_at, c.id, t.of_term LIMIT $3
         ON CONFLICT DO NOTHING RETURNING command_id, threshold
       )
       SELECT c.id, c.kind, c.class, c.created_at AS "createdAt", c.attempts, r.threshold
       FROM raised r JOIN outbox.commands c ON c.id = r.command_id ORDER BY c.created_at, c.id, r.threshold`,
      [now, THRESHOLDS, limit],
    ),
  forget: async (before, limit) => {
    await database.query(
      `DELETE FROM outbox.commands WHERE id IN (
         SELECT id FROM outbox.commands c WHERE finished_at < $1 AND dead_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM outbox.dead_letter_actions a WHERE a.command_id = c.id)
         LIMIT $2 FOR UPDATE SKIP LOCKED
       )`,
      [before, limit],
    );
  },
  spans: (ids) =>
    database.query(
      `SELECT id, state, created_at AS "createdAt", finished_at AS "finishedAt"
       FROM outbox.commands WHERE id = ANY($1)`,
      [ids],
    ),
});
