import { createTelemetry } from '@house/kernel/telemetry';
import { afterAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { counterConforms } from '../test/counter-conforms.ts';
import { startHouse } from '../test/house.ts';
import type { Counter } from './counter.ts';
import { createEmbeddedCounter } from './embedded-counter.ts';
import { createRedisCounter } from './redis-counter.ts';
import { createSharedCounter } from './shared-counter.ts';

const { TEST_REDIS_URL } = process.env;
if (!TEST_REDIS_URL) throw new Error('TEST_REDIS_URL names a real Redis: npm test starts one');

const { log } = createTelemetry({ service: 'test', level: 'silent' });
const counters: Counter[] = [];
const create = (url = TEST_REDIS_URL): Counter => {
  const counter = createRedisCounter({ url, log });
  counters.push(counter);
  return counter;
};
afterAll(async () => {
  await Promise.all(counters.map((counter) => counter.close()));
});

const shared = create();
counterConforms('Redis', () => ({ counter: shared, pass: () => new Promise((resolve) => setTimeout(resolve, 20)) }));

test('two gateways on one Redis share one limit', async () => {
  const key = `test:shared:${process.hrtime.bigint()}`;
  const gateways = [create(), create()];
  const window = { max: 5, windowMs: 60_000 };
  const waits = await Promise.all(Array.from({ length: 200 }, (_, n) => gateways[n % 2]?.take(key, window)));
  expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(5);
});

test('a Redis that is away is an error within a second, not a free pass', async () => {
  const startedAt = performance.now();
  await expect(create('redis://127.0.0.1:1').take('k', { max: 5, windowMs: 60_000 })).rejects.toThrow();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

const createGatewayCounter = (store: Counter): Counter =>
  createSharedCounter({ store, own: createEmbeddedCounter({ clock: () => new Date() }), log });

const sharedByGateways = createGatewayCounter(create());
counterConforms('Redis and own', () => ({
  counter: sharedByGateways,
  pass: () => new Promise((resolve) => setTimeout(resolve, 20)),
}));

test('a Redis that is wiped in the middle of an attack admits nobody twice', async () => {
  const [key, window] = [`test:wiped:${process.hrtime.bigint()}`, { max: 5, windowMs: 60_000 }];
  const counter = createGatewayCounter(create());
  const admitted = async (): Promise<number> => {
    const waits = await Promise.all(Array.from({ length: 100 }, () => counter.take(key, window)));
    return waits.filter((waitMs) => waitMs === 0).length;
  };
  expect(await admitted()).toBe(5);
  const redis = new Redis(TEST_REDIS_URL);
  expect(await redis.del(`house:limit:${key}`)).toBe(1);
  await redis.quit();
  expect(await admitted()).toBe(0);
});

test('while Redis is away the own count decides: exactly the budget, and not nothing', async () => {
  const counter = createGatewayCounter(create('redis://127.0.0.1:1'));
  const waits = await Promise.all(Array.from({ length: 50 }, () => counter.take('k', { max: 5, windowMs: 60_000 })));
  expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(5);
  expect(Math.max(...waits)).toBeGreaterThan(55_000);
});

test('a refusal by the store takes no place of the own count', async () => {
  const [key, window] = [`test:spent:${process.hrtime.bigint()}`, { max: 2, windowMs: 1_000 }];
  const [mine, other] = [createGatewayCounter(create()), create()];
  await other.take(key, window);
  await other.take(key, window);
  for (let hammered = 0; hammered < 10; hammered += 1) expect(await mine.take(key, window)).toBeGreaterThan(0);
  const redis = new Redis(TEST_REDIS_URL);
  await redis.del(`house:limit:${key}`);
  await redis.quit();
  expect(await mine.take(key, window)).toBe(0);
});

test('a gateway that counts in Redis executes exactly 5 of 200 requests at once', async () => {
  const house = await startHouse({
    redisUrl: TEST_REDIS_URL,
    limits: { 'Mutation.openAccessPoint': { max: 5, windowMs: 60_000 } },
  });
  try {
    const who = { claims: { sub: `test:${process.hrtime.bigint()}` } };
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => house.ask('mutation { openAccessPoint(id: "ap") }', who)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(house.asked).toHaveLength(5);
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(55);
  } finally {
    await house.close();
  }
});
