import { openDatabase } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { migrateGateway } from '../gateway.ts';
import { counterConforms, takeMany, takeOf } from '../test/counter-conforms.ts';
import { startHouse } from '../test/house.ts';
import type { Counter } from './counter.ts';
import { createEmbeddedCounter } from './embedded-counter.ts';
import { createPostgresCounter } from './postgres-counter.ts';
import { createRedisCounter } from './redis-counter.ts';
import { createSharedCounter } from './shared-counter.ts';

const { TEST_REDIS_URL, TEST_DATABASE_URL } = process.env;
if (!TEST_REDIS_URL) throw new Error('TEST_REDIS_URL names a real Redis: npm test starts one');

const NOBODY = 'redis://127.0.0.1:1';
const clock = () => new Date();
const pass = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
const lines: string[] = [];
const { log } = createTelemetry({
  service: 'test',
  level: 'info',
  destination: { write: (line) => lines.push(line) },
});
const ends: (() => Promise<void>)[] = [];
const create = (url = TEST_REDIS_URL): Counter => {
  const counter = createRedisCounter({ url });
  ends.push(counter.close);
  return counter;
};
const fresh = (what: string): string => `test:${what}:${process.hrtime.bigint()}`;
const MINUTE = { max: 5, windowMs: 60_000 };

let second: Counter;
beforeAll(async () => {
  const { url, drop } = await createOwnDatabase(TEST_DATABASE_URL);
  const database = await openDatabase({ url });
  await migrateGateway(database);
  second = createPostgresCounter({ database, clock });
  ends.push(async () => {
    await database.close();
    await drop();
  });
});
afterAll(async () => {
  for (const end of ends) await end();
});

const createGatewayCounter = (store: Counter): Counter =>
  createSharedCounter({ store, second, own: createEmbeddedCounter({ clock }), log });

const shared = create();
counterConforms('Redis', () => ({ counter: shared, pass }));
counterConforms('PostgreSQL', () => ({ counter: second, pass }));
const sharedByGateways = { current: undefined as Counter | undefined };
counterConforms('Redis and own', () => {
  sharedByGateways.current ??= createGatewayCounter(create());
  return { counter: sharedByGateways.current, pass };
});
const withoutRedis = { current: undefined as Counter | undefined };
counterConforms('own, without Redis', () => {
  withoutRedis.current ??= createGatewayCounter(create(NOBODY));
  return { counter: withoutRedis.current, pass };
});

test('two gateways on one Redis share one limit', async () => {
  const key = fresh('shared');
  const gateways = [create(), create()];
  const admitted = await Promise.all(gateways.map((gateway) => takeMany(gateway, key, 100, MINUTE)));
  expect(admitted.reduce((sum, one) => sum + one, 0)).toBe(5);
});

test('the counts of several budgets can stand in a cluster: their keys are on one node', async () => {
  const redis = new Redis(TEST_REDIS_URL);
  const key = fresh('slot');
  await takeMany(create(), key, 1, MINUTE);
  expect(await redis.llen(`house:{limit}:${key}`)).toBe(1);
  await redis.quit();
});

test('a Redis that is away is an error within a second, not a free pass', async () => {
  const startedAt = performance.now();
  await expect(takeOf(create(NOBODY), 'k', MINUTE)).rejects.toThrow();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

const wipe = async (key: string): Promise<void> => {
  const redis = new Redis(TEST_REDIS_URL);
  expect(await redis.del(`house:{limit}:${key}`)).toBe(1);
  await redis.quit();
};

test('a Redis that is wiped in the middle of an attack admits nobody twice', async () => {
  const key = fresh('wiped');
  const counter = createGatewayCounter(create());
  expect(await takeMany(counter, key, 100, MINUTE)).toBe(5);
  await wipe(key);
  expect(await takeMany(counter, key, 100, MINUTE)).toBe(0);
  // And what the wiped Redis was asked for on the way is not taken from anybody.
  expect(await takeMany(createGatewayCounter(create()), key, 100, MINUTE)).toBe(5);
});

test('while Redis is away the own count decides: exactly the budget, and not nothing', async () => {
  const counter = createGatewayCounter(create(NOBODY));
  expect(await takeMany(counter, 'k', 50, MINUTE)).toBe(5);
  expect(await takeOf(counter, 'k', MINUTE)).toBeGreaterThan(55_000);
});

test('while Redis is away two gateways share one limit of what must not go uncounted', async () => {
  const key = fresh('second');
  const gateways = [createGatewayCounter(create(NOBODY)), createGatewayCounter(create(NOBODY))];
  const verdicts = await Promise.all(
    Array.from({ length: 60 }, (_, n) => gateways[n % 2]?.take([{ key, count: 1, ...MINUTE }], 'refuse')),
  );
  expect(verdicts.filter((verdict) => verdict?.waits[0] === 0)).toHaveLength(5);
});

test('what must not go uncounted is refused when neither Redis nor PostgreSQL can be asked', async () => {
  const away = await openDatabase({ url: (await createOwnDatabase(TEST_DATABASE_URL)).url });
  await away.close();
  const counter = createSharedCounter({
    store: create(NOBODY),
    second: createPostgresCounter({ database: away, clock }),
    own: createEmbeddedCounter({ clock }),
    log,
  });
  await expect(counter.take([{ key: 'k', count: 1, ...MINUTE }], 'refuse')).rejects.toThrow();
  expect((await counter.take([{ key: 'k', count: 1, ...MINUTE }], 'own')).waits).toEqual([0]);
});

test('a Redis that goes away and comes back is two lines in the log, whatever was asked meanwhile', async () => {
  const told = (event: string): number => lines.filter((line) => line.includes(event)).length;
  let isAway = false;
  const store = create();
  const counter = createGatewayCounter({
    ...store,
    take: (places) => (isAway ? Promise.reject(new Error('away')) : store.take(places)),
  });
  const before = [told('limit-store-unreachable'), told('limit-store-reachable')];
  await takeMany(counter, fresh('log'), 3, MINUTE);
  isAway = true;
  await takeMany(counter, fresh('log'), 20, MINUTE);
  isAway = false;
  await takeMany(counter, fresh('log'), 20, MINUTE);
  expect([told('limit-store-unreachable'), told('limit-store-reachable')]).toEqual(before.map((count) => count + 1));
});

test('a refusal by the store takes no place of the own count', async () => {
  const [key, window] = [fresh('spent'), { max: 2, windowMs: 1_000 }];
  const [mine, other] = [createGatewayCounter(create()), create()];
  expect(await takeMany(other, key, 2, window)).toBe(2);
  for (let hammered = 0; hammered < 10; hammered += 1) expect(await takeOf(mine, key, window)).toBeGreaterThan(0);
  await wipe(key);
  expect(await takeOf(mine, key, window)).toBe(0);
});

test('a gateway that counts in Redis executes exactly 5 of 200 requests at once, and writes nobody into it', async () => {
  const house = await startHouse({ redisUrl: TEST_REDIS_URL, limits: { 'Mutation.openAccessPoint': MINUTE } });
  const redis = new Redis(TEST_REDIS_URL);
  try {
    const subject = `somebody-${process.hrtime.bigint()}`;
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        house.ask('mutation { openAccessPoint(id: "ap") }', { claims: { sub: subject } }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(house.asked).toHaveLength(5);
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(55);
    expect((await redis.keys('*')).filter((key) => key.includes(subject))).toEqual([]);
  } finally {
    await redis.quit();
    await house.close();
  }
});
