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
