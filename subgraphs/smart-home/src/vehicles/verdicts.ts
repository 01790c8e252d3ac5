import type { Queryable } from '@house/kernel/database';

/** `TAKEN` by the platform; `LATER`: it goes out beyond the budget; `REFUSED` by the platform, for good. */
export type Verdict = { is: 'TAKEN' | 'LATER' | 'REFUSED'; platformRef: string | null };

/** What is known of a command about a plate and not told yet. A refusal is never told, and is kept for the administration. */
export type Verdicts = {
  of(operationId: string): Promise<Verdict | undefined>;
  /** The first stands, unless the platform has taken the plate from a later attempt. */
  put(on: Queryable, verdict: Verdict & { operationId: string; permitId: string; at: Date }): Promise<void>;
  /** Its operation has ended: what nobody has to look at is forgotten. */
  ended(transaction: Queryable, operationId: string): Promise<void>;
};

export const createVerdicts = ({ database }: { database: Queryable }): Verdicts => ({
  of: async (operationId) => {
    const [row] = await database.query<{ verdict: Verdict['is']; platform_ref: string | null }>(
      'SELECT verdict, platform_ref FROM smart_home.plate_verdicts WHERE operation_id = $1',
      [operationId],
    );
    return row && { is: row.verdict, platformRef: row.platform_ref };
  },
  put: async (on, { is, platformRef, operationId, permitId, at }) => {
    await on.query(
      `INSERT INTO smart_home.plate_verdicts (operation_id, permit_id, verdict, platform_ref, at)
       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (operation_id) DO UPDATE
         SET verdict = EXCLUDED.verdict, platform_ref = EXCLUDED.platform_ref, at = EXCLUDED.at
         WHERE EXCLUDED.verdict = 'TAKEN' AND plate_verdicts.verdict <> 'TAKEN'`,
      [operationId, permitId, is, platformRef, at],
    );
  },
  ended: async (transaction, operationId) => {
    await transaction.query("DELETE FROM smart_home.plate_verdicts WHERE operation_id = $1 AND verdict <> 'REFUSED'", [
      operationId,
    ]);
  },
});
