import { createTelemetry } from '@house/kernel/telemetry';
import { afterAll, expect, test } from '@jest/globals';
import { counterConforms } from '../test/counter-conforms.ts';
import { startHouse } from '../test/house.ts';
import type { Counter } from './counter.ts';
import { createRedisCounter } from './redis-counter.ts';

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
