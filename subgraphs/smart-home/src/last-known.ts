/** The last answer of the platform, kept so that an outage shows yesterday's truth with its age instead of nothing. */
import type { Clock } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';

export type Known<T> = { answer: T; asOf: Date };

export type LastKnown = {
  read<T>(scope: string, resource: string): Promise<Known<T> | undefined>;
  /** Remembers the answer; writes only what changed or has grown old. */
  write(scope: string, resource: string, answer: unknown): Promise<void>;
};

/** An unchanged answer is written again this often, so that the stored age stays true within it. */
const REWRITE_MS = 30_000;
const REMEMBERED = 10_000;

export const createLastKnown = ({ database, clock }: { database: Database; clock: Clock }): LastKnown => {
  const written = new Map<string, { text: string; at: number }>();
  return {
    read: async <T>(scope: string, resource: string) => {
      const [row] = await database.query<{ answer: T; as_of: Date }>(
        'SELECT answer, as_of FROM smart_home.last_known WHERE scope = $1 AND resource = $2',
        [scope, resource],
      );
      return row && { answer: row.answer, asOf: row.as_of };
    },
    write: async (scope, resource, answer) => {
      const key = JSON.stringify([scope, resource]);
      const text = JSON.stringify(answer);
      const now = clock();
      const before = written.get(key);
      if (before && before.text === text && Math.abs(now.getTime() - before.at) < REWRITE_MS) return;
      if (written.size >= REMEMBERED) written.clear();
      await database.query(
        `INSERT INTO smart_home.last_known (scope, resource, answer, as_of) VALUES ($1, $2, $3, $4)
         ON CONFLICT (scope, resource) DO UPDATE SET answer = EXCLUDED.answer, as_of = EXCLUDED.as_of`,
        [scope, resource, text, now],
      );
      written.set(key, { text, at: now.getTime() });
    },
  };
};
