import type { Clock } from '@house/kernel/clock';
import type { Database, Queryable } from '@house/kernel/database';
import { type Counter, type Places, refusal } from './counter.ts';
import { notAhead, waitMsOf, withAdmitted, withoutOne } from './sliding-log.ts';

/** Longer is as good as away. */
const STATEMENT_LIMIT_MS = 2_000;
/** Of windows that are over, at most this many are removed with each decision. */
const REMOVED_AT_ONCE = 100;

type Window = { readonly key: string; readonly times: readonly number[] };

/**
 * Locks the rows in the order of their keys, so that two decisions never wait for each other in a ring, and makes those that
 * are missing. One statement: a row cannot go away between being made and being locked.
 */
const lockWindows = async (transaction: Queryable, keys: readonly string[]): Promise<ReadonlyMap<string, Window>> => {
  const rows = await transaction.query<Window>(
    `INSERT INTO gateway.admissions AS known (key, ends_at) SELECT unnest($1::text[]), 'epoch'
     ON CONFLICT (key) DO UPDATE SET key = known.key RETURNING key, times`,
    [[...new Set(keys)].sort()],
  );
  return new Map(rows.map((row) => [row.key, row]));
};

const write = (transaction: Queryable, key: string, times: readonly number[], endsAt?: Date): Promise<unknown> =>
  transaction.query(
    'UPDATE gateway.admissions SET times = $2::text::jsonb, ends_at = coalesce($3::timestamptz, ends_at) WHERE key = $1',
    [key, JSON.stringify(times), endsAt ?? null],
  );

/** Counts in PostgreSQL: exact for any number of gateways, at the price of a transaction for each decision. */
export const createPostgresCounter = ({ database, clock }: { database: Database; clock: Clock }): Counter => {
  const locked = <T>(
    keys: readonly string[],
    work: (transaction: Queryable, windows: ReadonlyMap<string, Window>) => Promise<T>,
  ): Promise<T> =>
    database.transaction(async (transaction) => work(transaction, await lockWindows(transaction, keys)), {
      statementLimitMs: STATEMENT_LIMIT_MS,
    });

  const removeEnded = (): Promise<unknown> =>
    database.query(
      `DELETE FROM gateway.admissions WHERE key IN (
         SELECT key FROM gateway.admissions WHERE ends_at < $1 LIMIT ${REMOVED_AT_ONCE} FOR UPDATE SKIP LOCKED)`,
      [clock()],
    );

  const giveBack = (keys: readonly string[], at: number): Promise<void> =>
    locked(keys, async (transaction, windows) => {
      const left = new Map([...windows].map(([key, { times }]) => [key, times]));
      for (const key of keys) left.set(key, withoutOne(left.get(key) ?? [], at));
      for (const [key, times] of left) await write(transaction, key, times);
    });

  const take = (places: readonly Places[]) =>
    locked(
      places.map(({ key }) => key),
      async (transaction, windows) => {
        // Read when the rows are ours, or who waited longer would be admitted earlier.
        const now = clock().getTime();
        const known = new Map([...windows].map(([key, { times }]) => [key, notAhead(times, now)]));
        const timesOf = (key: string): readonly number[] => known.get(key) ?? [];
        const waits = places.map((place) => waitMsOf(timesOf(place.key), place, now));
        if (waits.some((waitMs) => waitMs > 0)) {
          // Kept, or what a clock that was set back has ahead of it would have happened just now for ever.
          for (const [key, times] of known) if (times !== windows.get(key)?.times) await write(transaction, key, times);
          return refusal(waits);
        }
        for (const place of places) {
          const endsAt = new Date(now + place.windowMs);
          await write(transaction, place.key, withAdmitted(timesOf(place.key), place, now), endsAt);
        }
        return { waits, giveBack: (keys: readonly string[]) => giveBack(keys, now) };
      },
    );

  return {
    take: async (places) => {
      const taken = await take(places);
      // What is left over now is removed by the next decision.
      await removeEnded().catch(() => undefined);
      return taken;
    },
    // The database belongs to whoever opened it.
    close: async () => undefined,
  };
};
