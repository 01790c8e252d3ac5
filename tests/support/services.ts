/**
 * The servers that a test file may use. Which file gets which is told by its name alone (`scripts/src/test/plan.ts`):
 * nothing here skips a test.
 *
 * - a journey runs twice, once with `houseKind` `embedded` and once with `external`;
 * - `x.external.test.ts` always runs with `external`;
 * - every other test has `embedded`, and no servers.
 */
import { randomBytes } from 'node:crypto';
import { openDatabase } from '@house/kernel/database';
import { startRedis } from '@house/scripts/test/redis';

export type HouseKind = 'embedded' | 'external';

/** Set by the jest project that runs this file. */
const houseKind: HouseKind = (globalThis as { HOUSE?: HouseKind }).HOUSE ?? 'embedded';

export type ExternalServices = {
  /** Of a superuser, who may create databases. Shared: make a database of your own in it, or use `openServices`. */
  databaseUrl: string;
  /** Shared by every test file: keys and channels of others are in it. */
  redisUrl: string;
  /** The program `redis-server`, for a test that stops and starts one of its own (`@house/scripts/test/redis`). */
  redisServer: string;
};

/** The servers of this run; undefined on the embedded house. */
const externalServices = (): ExternalServices | undefined => {
  if (houseKind === 'embedded') return undefined;
  const { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl, TEST_REDIS_SERVER: redisServer } = process.env;
  if (!databaseUrl || !redisUrl || !redisServer)
    throw new Error('There are no servers: run it through `npm test -- <path>`.');
  return { databaseUrl, redisUrl, redisServer };
};

export type HouseServices = {
  /** The house's own environment variables, to be spread over its configuration; empty on the embedded house. */
  variables: { DATABASE_URL?: string; REDIS_URL?: string };
  /** Call it after the house has stopped. */
  release(): Promise<void>;
};

const inDatabase = async (url: string, script: string): Promise<void> => {
  const database = await openDatabase({ url });
  try {
    await database.run(script);
  } finally {
    await database.close();
  }
};

/** An empty database and an empty Redis that no other test file sees. Nothing at all on the embedded house. */
export const openServices = async (): Promise<HouseServices> => {
  const services = externalServices();
  if (!services) return { variables: {}, release: async () => undefined };
  const name = `house_${randomBytes(8).toString('hex')}`;
  await inDatabase(services.databaseUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const redis = await startRedis({ binary: services.redisServer });
  const url = new URL(services.databaseUrl);
  url.pathname = `/${name}`;
  return {
    variables: { DATABASE_URL: url.href, REDIS_URL: redis.url },
    release: async () => {
      await redis.stop();
      await inDatabase(services.databaseUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
};
