import { later } from '@house/kernel/clock';
import { openDatabase } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { expect, test } from '@jest/globals';
import { createClock } from '../test/house.ts';
import { createUsedProofs } from './used-proofs.ts';
import { usedProofsConform } from './used-proofs-conforms.ts';

usedProofsConform('PGlite', () => openDatabase({ directory: 'memory' }));

test('old proofs are looked for once in ten seconds, however many are used', async () => {
  const { clock, move } = createClock();
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  const asked: string[] = [];
  const store = createUsedProofs({
    clock,
    log,
    database: {
      query: async (sql) => {
        asked.push(sql.slice(0, 6));
        return [];
      },
    },
  });
  for (let second = 0; second < 20; second += 1) {
    await store.use({ key: 'k', id: String(second), goodUntil: later(clock(), 61_000) });
    move(1_000);
  }
  await store.settled();
  expect(asked.filter((word) => word === 'DELETE')).toHaveLength(2);
});

test('a proof that was read with a query opens nothing here, also when the database could not be told of it', async () => {
  const { clock } = createClock();
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  let isAway = true;
  const store = createUsedProofs({
    clock,
    log,
    database: {
      query: async () => {
        if (isAway) throw new Error('away');
        return [{ used: 1 }] as never;
      },
    },
  });
  const proof = { key: 'k', id: 'read', goodUntil: later(clock(), 61_000) };
  store.note(proof);
  await store.settled();
  isAway = false;
  // As it comes with the next request: the same proof, read anew.
  expect(await store.use({ ...proof })).toBe(false);
  expect(await store.use({ ...proof, id: 'another' })).toBe(true);
});
