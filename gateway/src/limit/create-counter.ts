import type { Clock } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { Log } from '@house/kernel/telemetry';
import type { Counter } from './counter.ts';
import { createEmbeddedCounter } from './embedded-counter.ts';
import { createPostgresCounter } from './postgres-counter.ts';
import { createRedisCounter } from './redis-counter.ts';
import { createSharedCounter } from './shared-counter.ts';

/** Counts in Redis where there is one, else in this process, which then is the only gateway. */
export const createCounter = ({
  redisUrl,
  database,
  clock,
  log,
}: {
  redisUrl: string | undefined;
  database: Database;
  clock: Clock;
  log: Log;
}): Counter => {
  const own = createEmbeddedCounter({ clock });
  if (redisUrl === undefined) return own;
  const [store, second] = [createRedisCounter({ url: redisUrl }), createPostgresCounter({ database, clock })];
  return createSharedCounter({ store, second, own, log });
};
