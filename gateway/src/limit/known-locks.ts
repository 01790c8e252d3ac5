import type { Clock } from '@house/kernel/clock';

const LOCKS_KEPT = 10_000;

export type KnownLocks = {
  /** @returns for how long, as far as is known here, the longest of their locks holds; 0 asks the database. */
  waitMs(keys: readonly string[]): number;
  learn(key: string, waitMs: number): void;
};

/**
 * Until when whom the database has locked out stays so: a lock is never shortened, so that nobody has to ask again while it
 * holds. Bounded; what is forgotten is asked for once more.
 */
export const createKnownLocks = ({
  clock,
  locksKept = LOCKS_KEPT,
}: {
  clock: Clock;
  locksKept?: number;
}): KnownLocks => {
  const known = new Map<string, { readonly since: number; readonly until: number }>();

  const waitMsOf = (key: string): number => {
    const lock = known.get(key);
    if (!lock) return 0;
    const now = clock().getTime();
    // A clock that was set back lengthens no lock.
    if (lock.since <= now && now < lock.until) return lock.until - now;
    known.delete(key);
    return 0;
  };

  return {
    waitMs: (keys) => Math.max(0, ...keys.map(waitMsOf)),
    learn: (key, waitMs) => {
      if (waitMs <= 0) return;
      known.delete(key);
      const [oldest] = known.keys();
      if (known.size >= locksKept && oldest !== undefined) known.delete(oldest);
      const since = clock().getTime();
      known.set(key, { since, until: since + waitMs });
    },
  };
};
