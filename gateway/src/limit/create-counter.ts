import type { Clock } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { Log } from '@house/kernel/telemetry';
import type { Counter } from './counter.ts';
import { createEmbeddedCounter } from './embedded-counter.ts';
import { createPostgresCounter } from './postgres-counter.ts';
import { createRedisCounter } from './redis-counter.ts';
import { createSharedCounter } from './shared-counter.ts';

export type Counters = {
  /** Of fields, by who signed in. */
  readonly uses: Counter;
  /** Of what anybody sends who is not known: it can be filled, and then nothing but guesses goes uncounted. */
  readonly guesses: Counter;
  close(): Promise<void>;
};

/**
 * Both count in Redis where there is one, else in this process, which then is the only gateway.
 * @param keysKept in this process, by each of them; its own limit when left out.
 */
export const createCounters = ({
  redisUrl,
  database,
  clock,
  log,
  keysKept,
}: {
  redisUrl: string | undefined;
  database: Database;
  clock: Clock;
  log: Log;
  keysKept?: number;
}): Counters => {
  const createOwn = () => createEmbeddedCounter({ clock, ...(keysKept !== undefined && { keysKept }) });
  if (redisUrl === undefined) {
    const [uses, guesses] = [createOwn(), createOwn()];
    return { uses, guesses, close: async () => void (await Promise.all([uses.close(), guesses.close()])) };
  }
  const [store, second] = [createRedisCounter({ url: redisUrl }), createPostgresCounter({ database, clock })];
  const createShared = () => createSharedCounter({ store, second, own: createOwn(), log });
  // They share the store, so that closing one of them closes it; closed twice, a connection would complain.
  const uses = createShared();
  return { uses, guesses: createShared(), close: () => uses.close() };
};
