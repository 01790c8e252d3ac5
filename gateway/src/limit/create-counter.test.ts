import { type Database, openDatabase } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { takeOf } from '../test/counter-conforms.ts';
import { createClock } from '../test/house.ts';
import { createCounters } from './create-counter.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
});
afterAll(() => database.close());

test('however many tokens are invented, no use of a field is refused for that', async () => {
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  const { clock } = createClock();
  const { uses, guesses } = createCounters({ redisUrl: undefined, database, clock, log, keysKept: 3 });
  const window = { max: 20, windowMs: 60_000 };
  for (let n = 0; n < 3; n += 1) expect(await takeOf(guesses, `invented-${n}`, window)).toBe(0);
  await expect(takeOf(guesses, 'invented-3', window)).rejects.toThrow(RangeError);
  expect(await takeOf(uses, 'anna', window)).toBe(0);
});
