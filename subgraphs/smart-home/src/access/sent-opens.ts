import { later } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { OutboxStore } from '@house/kernel/outbox';

export type SentOpens = {
  /**
   * From when until when another open of the same premises at the same point may have had its effect, for those that may
   * have had it after `since`; `until` null: it still may.
   */
  besides(open: {
    operationId: string;
    premisesId: string;
    accessPointId: string;
    since: Date;
  }): Promise<{ from: Date; until: Date | null }[]>;
};

/** As long as the truth about an open is looked for (kernel/outbox/decide), and its deadline. */
const LOOKED_BACK_MS = 25 * 60 * 60 * 1_000;
/** One that was given up as unknown may still have opened this long after. */
const UNKNOWN_GRACE_MS = 60_000;

/**
 * What was handed over stands in the outbox, what it was about in the operations. An open that follows another has no
 * command, and no effect of its own.
 */
export const createSentOpens = ({
  database,
  outbox,
}: {
  database: Database;
  outbox: Pick<OutboxStore, 'spans'>;
}): SentOpens => ({
  besides: async ({ operationId, premisesId, accessPointId, since }) => {
    const others = await database.query<{ id: string }>(
      `SELECT id FROM smart_home.operations
       WHERE kind = 'OPEN' AND premises_id = $1 AND object_id = $2 AND id <> $3 AND created_at > $4`,
      [premisesId, accessPointId, operationId, later(since, -LOOKED_BACK_MS)],
    );
    const spans = await outbox.spans(others.map(({ id }) => id));
    return spans.flatMap(({ state, createdAt, finishedAt }) => {
      if (state === 'SENT') return { from: createdAt, until: null };
      if (state === 'SUCCEEDED') return { from: createdAt, until: finishedAt };
      if (state === 'UNKNOWN_OUTCOME')
        return { from: createdAt, until: finishedAt && later(finishedAt, UNKNOWN_GRACE_MS) };
      // Not handed over, or certainly without effect.
      return [];
    });
  },
});
