import type { Log } from '@house/kernel/telemetry';
import { type Counter, isAdmitted, type Places, type Taken, type WhenUnknown } from './counter.ts';
import { createStoreWatch } from './store-watch.ts';

/** The own count is later than the store's by what the store may take to answer; so much sooner it admits again. */
const STORE_MAY_TAKE_MS = 500;

export type SharedCounters = {
  /** What all gateways share. */
  readonly store: Counter;
  /** Shared too; asked while the store is away, for what must not go uncounted. */
  readonly second: Counter;
  /** This process. */
  readonly own: Counter;
};

/**
 * Counts in the store that all gateways share, and in this process: admitted is what both admit, and a refusal by either
 * leaves nothing taken. A store that is wiped gives nobody a second budget here. While it is away this gateway's own count
 * decides, so doors go on opening, and an attacker gets at most one budget for each gateway; what is to be refused rather
 * than not counted is counted in the second store.
 */
export const createSharedCounter = ({ store, second, own, log }: SharedCounters & { log: Log }): Counter => {
  const watch = createStoreWatch('limit-store', log);

  /** Undefined: nobody else knows, the own count decides. */
  const takeShared = async (places: readonly Places[], whenUnknown: WhenUnknown): Promise<Taken | undefined> => {
    try {
      const taken = await store.take(places);
      watch.there();
      return taken;
    } catch (error) {
      watch.away(error);
      return whenUnknown === 'own' ? undefined : second.take(places);
    }
  };

  return {
    take: async (places, whenUnknown = 'own') => {
      const shared = await takeShared(places, whenUnknown);
      if (shared && !isAdmitted(shared)) return shared;
      const soonerMs = shared ? STORE_MAY_TAKE_MS : 0;
      const undo = async (): Promise<void> =>
        shared?.giveBack(places.flatMap(({ key, count }) => Array.from({ length: count }, () => key)));
      try {
        const mine = await own.take(
          places.map((place) => ({ ...place, windowMs: Math.max(1, place.windowMs - soonerMs) })),
        );
        if (!isAdmitted(mine)) await undo().catch(watch.away);
        if (!isAdmitted(mine) || !shared) return mine;
        return {
          waits: shared.waits,
          giveBack: async (keys) => void (await Promise.all([shared.giveBack(keys), mine.giveBack(keys)])),
        };
      } catch (error) {
        await undo().catch(watch.away);
        throw error;
      }
    },
    close: async () => void (await Promise.all([store.close(), second.close(), own.close()])),
  };
};
