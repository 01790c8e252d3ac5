import type { Clock } from '@house/kernel/clock';
import type { Counter } from './counter.ts';

/** One key holds at most `max` numbers; a house of a thousand flats has a few thousand keys. */
const KEYS_KEPT = 100_000;

/**
 * Counts in this process: for one gateway without Redis. Taking a place is one synchronous step, so it is atomic.
 * Memory is bounded: past `keysKept` keys it first forgets those whose window is over and then refuses new ones
 * (fail closed), because forgetting a live key would be a way around its limit.
 */
export const createEmbeddedCounter = ({
  clock,
  keysKept = KEYS_KEPT,
}: {
  clock: Clock;
  keysKept?: number;
}): Counter => {
  const windows = new Map<string, { admitted: number[]; endsAt: number }>();

  const forgetEnded = (now: number): void => {
    for (const [key, { endsAt }] of windows) if (endsAt <= now) windows.delete(key);
  };

  return {
    take: async (key, { max, windowMs }) => {
      const now = clock().getTime();
      const known = windows.get(key);
      if (!known && windows.size >= keysKept) forgetEnded(now);
      if (!known && windows.size >= keysKept) throw new RangeError(`expected at most ${keysKept} limited principals`);
      const admitted = known?.admitted ?? [];
      // The clock was set back: what lies ahead of it happened just now, or the wait would be longer than the window.
      if ((admitted.at(-1) ?? now) > now) admitted.forEach((at, index) => void (admitted[index] = Math.min(at, now)));
      const oldest = admitted[admitted.length - max];
      if (oldest !== undefined && oldest + windowMs > now) return oldest + windowMs - now;
      admitted.push(now);
      if (admitted.length > max) admitted.splice(0, admitted.length - max);
      windows.set(key, { admitted, endsAt: now + windowMs });
      return 0;
    },
    close: async () => windows.clear(),
  };
};
