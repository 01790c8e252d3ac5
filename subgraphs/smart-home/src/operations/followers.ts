/**
 * Operations that have no command of their own: another's opens for them too. They are told what it comes to, in the
 * transaction in which it becomes true, and nobody who reads them can tell the difference.
 */
import type { Queryable } from '@house/kernel/database';
import { COLUMNS, type OperationRecord, type OperationRow, toRecord } from './record.ts';

export type Followers = {
  /** Opens of the point that were asked for since: those that lead, and the person's own. Newest first. */
  opensAt(
    transaction: Queryable,
    wanted: { objectId: string; subject: string; since: Date },
  ): Promise<OperationRecord[]>;
  /** The operation as it stands, if it leads; delivery changes nothing about it until the transaction ends. */
  holdLeader(transaction: Queryable, id: string): Promise<OperationRecord | undefined>;
  /**
   * Whoever follows is told what the leader is by now. A statement of its own after the one that changed the leader: who
   * began to follow while that one waited is seen by this one.
   */
  mirror(transaction: Queryable, leaderId: string): Promise<void>;
  /**
   * The leader has ended without effect. Whose deadline has passed ends EXPIRED; the first of the others leads from now
   * on, and the rest follow it.
   * @returns who leads, and has to be given a command.
   */
  passOn(transaction: Queryable, leaderId: string, at: Date): Promise<OperationRecord | undefined>;
};

export const createFollowers = (): Followers => ({
  opensAt: async (transaction, { objectId, subject, since }) => {
    const rows = await transaction.query<OperationRow>(
      `SELECT ${COLUMNS} FROM smart_home.operations
       WHERE kind = 'OPEN' AND object_id = $1 AND created_at > $2 AND (follows IS NULL OR subject = $3)
       ORDER BY created_at DESC, id DESC`,
      [objectId, since, subject],
    );
    return rows.map(toRecord);
  },
  holdLeader: async (transaction, id) => {
    const [row] = await transaction.query<OperationRow>(
      `SELECT ${COLUMNS} FROM smart_home.operations WHERE id = $1 AND follows IS NULL FOR SHARE`,
      [id],
    );
    return row && toRecord(row);
  },
  mirror: async (transaction, leaderId) => {
    await transaction.query(
      `UPDATE smart_home.operations f SET state = l.state, error_code = l.error_code, platform_version = l.platform_version,
         finished_at = CASE WHEN l.finished_at IS NOT NULL THEN greatest(l.finished_at, f.created_at) END
       FROM smart_home.operations l WHERE l.id = $1 AND f.follows = l.id AND f.finished_at IS NULL`,
      [leaderId],
    );
  },
  passOn: async (transaction, leaderId, at) => {
    await transaction.query(
      `UPDATE smart_home.operations SET state = 'EXPIRED', error_code = 'DEADLINE_PASSED', finished_at = greatest($2, created_at)
       WHERE follows = $1 AND finished_at IS NULL AND deadline <= $2`,
      [leaderId, at],
    );
    const rows = await transaction.query<OperationRow>(
      `WITH waiting AS (
         SELECT id, first_value(id) OVER (ORDER BY created_at, id) AS heir FROM smart_home.operations
         WHERE follows = $1 AND finished_at IS NULL
       )
       UPDATE smart_home.operations o
       SET state = 'QUEUED', error_code = NULL, platform_version = NULL, follows = nullif(waiting.heir, o.id)
       FROM waiting WHERE o.id = waiting.id RETURNING o.*`,
      [leaderId],
    );
    return rows.map(toRecord).find(({ follows }) => follows === null);
  },
});
