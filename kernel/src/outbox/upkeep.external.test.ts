import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { later } from '../clock.ts';
import { type Database, openDatabase } from '../database/database.ts';
import { createOwnDatabase } from '../test/own-database.ts';
import { createOutboxStore, migrateOutbox } from './outbox.ts';

const server = await createOwnDatabase(process.env['TEST_DATABASE_URL']);

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ url: server.url });
  await migrateOutbox(database);
});
afterAll(async () => {
  await database.close();
  await server.drop();
});

test('of workers that watch at the same moment, one raises each alarm', async () => {
  const start = new Date('2026-03-01T12:00:00Z');
  const store = createOutboxStore({ database, record: async () => {} });
  for (let index = 0; index < 60; index += 1)
    await store.put(database, {
      id: `revoke-${index}`,
      kind: 'thing',
      class: 'safety',
      orderKey: null,
      body: {},
      createdAt: start,
      notAfter: later(start, 60_000),
    });
  const looks = await Promise.all(Array.from({ length: 4 }, () => store.raiseAlarms(later(start, 60_000), 100)));
  const raised = looks.flat().map(({ id }) => id);
  expect([raised.length, new Set(raised).size]).toEqual([60, 60]);
});
