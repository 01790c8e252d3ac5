import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase, type Queryable } from '@house/kernel/database';
import { createOutboxStore, migrateOutbox } from '@house/kernel/outbox';
import { createDeadline, type Deadline } from '@house/kernel/subgraph';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createAccept } from './accept.ts';
import { createOperationStore } from './store.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const TABLES = ['smart_home.operation_keys', 'smart_home.operations', 'outbox.commands'];
let database: Database;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateOutbox(database);
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../migrations') });
  await database.query("INSERT INTO smart_home.complexes (id, site_id) VALUES ('cx_1', 1)");
  await database.query("INSERT INTO smart_home.premises (id, complex_id) VALUES ('pr_1', 'cx_1')");
});
afterAll(() => database.close());
beforeEach(async () => {
  for (const table of TABLES) await database.query(`DELETE FROM ${table}`);
});

/** Resolves when the time is over. */
const over = (deadline: Deadline): Promise<void> => deadline.bound(() => new Promise<never>(() => {})).catch(() => {});

type Pauses = { planning?: () => Promise<unknown>; deciding?: (transaction: Queryable) => Promise<unknown> };
const tap = (deadline: Deadline, { planning, deciding }: Pauses = {}) =>
  createAccept({
    database,
    operations: createOperationStore({ database }),
    outbox: createOutboxStore({ database, record: async () => undefined }),
    wake: () => undefined,
    clock: () => NOW,
    random: (size) => randomBytes(size),
  })({
    kind: 'OPEN',
    subject: 'me',
    idempotencyKey: 'one-tap-of-a-person',
    input: {},
    deadline,
    plan: async () => {
      await planning?.();
      return {
        premisesId: 'pr_1',
        class: 'moment',
        orderKey: null,
        notAfter: later(NOW, 10_000),
        bind: async (transaction) => {
          await deciding?.(transaction);
          return { objectId: 'ac_1', body: {} };
        },
      };
    },
  });

const stored = async () => (await Promise.all(TABLES.map((table) => database.query(`SELECT * FROM ${table}`)))).flat();

const expectNotAccepted = async (attempt: Promise<unknown>): Promise<void> => {
  await expect(attempt).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(await stored()).toEqual([]);
  expect(await tap(createDeadline(10_000))).toMatchObject({ state: 'ACCEPTED' });
};

test('what could not begin in time because others were in the database is not accepted', async () => {
  const deadline = createDeadline(100);
  let others: Promise<void> | undefined;
  const planning = async () => {
    others = database.transaction(() => over(deadline));
  };
  await expectNotAccepted(tap(deadline, { planning }));
  await others;
});

test('what was decided too late is not accepted', async () => {
  const deadline = createDeadline(100);
  await expectNotAccepted(tap(deadline, { deciding: () => over(deadline) }));
});

test('nobody waits longer than there is time for what has to be asked first, and nothing comes of it later', async () => {
  const asking = Promise.withResolvers<void>();
  const attempt = tap(createDeadline(100), { planning: () => asking.promise });
  await expect(attempt).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  asking.resolve();
  await expectNotAccepted(attempt);
});

test('what the database gives up because its time is over is told as that', async () => {
  const cancelled = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
  await expectNotAccepted(tap(createDeadline(10_000), { deciding: () => Promise.reject(cancelled) }));
});
