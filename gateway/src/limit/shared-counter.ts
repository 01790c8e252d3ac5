import type { Log } from '@house/kernel/telemetry';
import type { Counter } from './counter.ts';

/** The own count is later than the store's by what the store may take to answer; so much sooner it admits again. */
const STORE_MAY_TAKE_MS = 500;

/**
 * Counts in the store that all gateways share, and in this process: admitted is what both admit. A store that is wiped
 * gives nobody a second budget here. While it is away this gateway's own count decides, so doors go on opening, and an
 * attacker gets at most one budget for each gateway.
 */
export const createSharedCounter = ({ store, own, log }: { store: Counter; own: Counter; log: Log }): Counter => ({
  take: async (key, { max, windowMs }) => {
    const waitMs = await store.take(key, { max, windowMs }).catch((error: unknown) => {
      log.warn('limit-store-unreachable', { error });
      return 0;
    });
    return waitMs > 0 ? waitMs : own.take(key, { max, windowMs: Math.max(1, windowMs - STORE_MAY_TAKE_MS) });
  },
  close: async () => void (await Promise.all([store.close(), own.close()])),
});
