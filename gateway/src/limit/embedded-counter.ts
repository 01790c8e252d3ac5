import type { Clock } from '@house/kernel/clock';
import { type Counter, refusal } from './counter.ts';
import { notAhead, waitMsOf, withAdmitted, withoutOne } from './sliding-log.ts';

/** One key holds at most `max` numbers; a house of a thousand flats has a few thousand keys. */
const KEYS_KEPT = 100_000;
/** Looking at all of them takes milliseconds, which a flood must not cost at every one of its requests. */
const SCANNED_EVERY_MS = 1_000;

/**
 * Counts in this process: for one gateway without Redis. Taking is one synchronous step, so it is atomic.
 * Memory is bounded: past `keysKept` keys it first forgets those whose window is over, once a second at most, and then
 * refuses new ones (fail closed), because forgetting a live key would be a way around its limit.
 */
export const createEmbeddedCounter = ({
  clock,
  keysKept = KEYS_KEPT,
}: {
  clock: Clock;
  keysKept?: number;
}): Counter => {
  const windows = new Map<string, { times: readonly number[]; endsAt: number }>();
  let scannedAt = Number.NEGATIVE_INFINITY;

  /** @throws RangeError */
  const makeRoom = (added: number, now: number): void => {
    if (windows.size + added <= keysKept) return;
    // Also when the clock was set back.
    if (scannedAt > now || now - scannedAt >= SCANNED_EVERY_MS) {
      scannedAt = now;
      for (const [key, { endsAt }] of windows) if (endsAt <= now) windows.delete(key);
    }
    if (windows.size + added > keysKept) throw new RangeError(`expected at most ${keysKept} limited keys`);
  };

  const timesOf = (key: string, now: number): readonly number[] => {
    const window = windows.get(key);
    const times = notAhead(window?.times ?? [], now);
    // Kept, or it would have happened just now for ever.
    if (window && times !== window.times) windows.set(key, { ...window, times });
    return times;
  };

  const giveBack = (keys: readonly string[], at: number): void => {
    for (const key of keys) {
      const window = windows.get(key);
      const times = withoutOne(window?.times ?? [], at);
      if (window && times.length > 0) windows.set(key, { ...window, times });
      else windows.delete(key);
    }
  };

  return {
    take: async (places) => {
      const now = clock().getTime();
      const waits = places.map((place) => waitMsOf(timesOf(place.key, now), place, now));
      if (waits.some((waitMs) => waitMs > 0)) return refusal(waits);
      makeRoom(places.filter(({ key }) => !windows.has(key)).length, now);
      for (const place of places)
        windows.set(place.key, {
          times: withAdmitted(timesOf(place.key, now), place, now),
          endsAt: now + place.windowMs,
        });
      return { waits, giveBack: async (keys) => giveBack(keys, now) };
    },
    close: async () => windows.clear(),
  };
};
