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

test('two commands that are accepted at once for one order key are never under way together', async () => {
  const now = new Date('2026-03-01T12:00:00Z');
  const store = createOutboxStore({ database, record: async () => {} });
  const command = (id: string) => ({
    id,
    kind: 'thing',
    class: 'write' as const,
    orderKey: 'unit',
    body: {},
    createdAt: now,
    notAfter: later(now, 60_000),
  });
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const first = database.transaction(async (transaction) => {
    await store.put(transaction, command('first'));
    entered.resolve();
    await gate.promise;
  });
  await entered.promise;
  let committed = false;
  const second = database
    .transaction((transaction) => store.put(transaction, command('second')))
    .then(() => {
      committed = true;
    });
  const waits = async (): Promise<boolean> =>
    (await database.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).length > 0;
  while (!committed && !(await waits()));

  const early = await store.claim('second', now);
  gate.resolve();
  await Promise.all([first, second]);
  const claimed = [early, await store.claim('first', now), await store.claim('second', now)];
  expect(claimed.map((claim) => claim?.id)).toEqual([undefined, 'first', undefined]);
});
