import type { Log } from '@house/kernel/telemetry';

export type StoreWatch = { away(error: unknown): void; there(): void };

/** Says once that a store went away, and once that it is back: a line for every request would drown the log. */
export const createStoreWatch = (store: 'limit-store' | 'lockouts', log: Log): StoreWatch => {
  let isAway = false;
  return {
    away: (error) => {
      if (!isAway) log.warn(`${store}-unreachable`, { error });
      isAway = true;
    },
    there: () => {
      if (isAway) log.info(`${store}-reachable`);
      isAway = false;
    },
  };
};
