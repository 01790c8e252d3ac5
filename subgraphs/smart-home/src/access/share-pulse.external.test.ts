/** What two processes do to one another at one gate, on a PostgreSQL that they share. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase, type Queryable } from '@house/kernel/database';
import { createOutboxStore, migrateOutbox, type OutboxStore, type RecordChange } from '@house/kernel/outbox';
import { createDeadline } from '@house/kernel/subgraph';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createAccept, createFollowers, createOperationStore, type Followers } from '../operations/operations.ts';
import { createShare, createTellFollowers, tapLock } from './share-pulse.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const server = await createOwnDatabase(process.env['TEST_DATABASE_URL']);

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ url: server.url });
  await migrateOutbox(database);
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../migrations') });
  await database.query("INSERT INTO smart_home.complexes (id, site_id) VALUES ('cx_1', 1)");
  await database.query("INSERT INTO smart_home.premises (id, complex_id) VALUES ('pr_1', 'cx_1')");
});
afterAll(async () => {
  await database.close();
  await server.drop();
});
beforeEach(async () => {
  for (const table of ['smart_home.operation_keys', 'smart_home.operations', 'outbox.commands'])
    await database.query(`DELETE FROM ${table}`);
});

/** Stands still where it is told to, until it may go on. */
type Stop = { here(): Promise<void>; reached: Promise<void>; goOn(): void };
const stop = (): Stop => {
  const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  return {
    here: () => {
      reached.resolve();
      return gate.promise;
    },
    reached: reached.promise,
    goOn: () => gate.resolve(),
  };
};

/** A process of the house: accepts taps at a gate, and delivers. */
const start = ({ deciding, settling }: { deciding?: Stop; settling?: Stop } = {}) => {
  const operations = createOperationStore({ database });
  const followers: Followers = createFollowers();
  const record: RecordChange = async (transaction, change) => {
    await operations.record(transaction, change);
    await createTellFollowers({ followers, outbox })(transaction, change);
    await settling?.here();
  };
  const outbox: OutboxStore = createOutboxStore({ database, record });
  const share = createShare({ followers });
  const accept = createAccept({
    database,
    operations,
    outbox,
    wake: () => undefined,
    clock: () => NOW,
    random: (size) => randomBytes(size),
  });
  return {
    tap: (subject: string, { gate = 'ac_gate', key = `key of ${randomBytes(6).toString('hex')}` } = {}) =>
      accept({
        kind: 'OPEN',
        subject,
        idempotencyKey: key.replaceAll(' ', '-'),
        input: { gate },
        deadline: createDeadline(10_000),
        plan: async () => ({
          premisesId: 'pr_1',
          class: 'moment',
          orderKey: null,
          notAfter: later(NOW, 10_000),
          decidedUnder: tapLock(gate),
          bind: async (transaction: Queryable) => {
            const shared = await share(transaction, gate, {
              subject,
              premisesId: 'pr_1',
              at: NOW,
              deadline: later(NOW, 10_000),
              point: { actuation: 'TOGGLE', holdMs: 10_000 },
            });
            await deciding?.here();
            if (shared.is === 'joins') return { joins: shared.id };
            if (shared.is === 'follows') return { objectId: gate, leader: shared.leader };
            return { objectId: gate, body: { subject, premisesId: 'pr_1', accessPointId: gate } };
          },
        }),
      }),
    /** The platform refuses. */
    refuse: async (id: string): Promise<void> => {
      const claimed = await outbox.claim(id, NOW);
      if (!claimed) throw new Error(`nobody can deliver ${id}`);
      await outbox.settle(claimed, { then: 'finish', state: 'FAILED', code: 'REFUSED_BY_PLATFORM' }, NOW);
    },
  };
};

const read = () =>
  database.query<{ id: string; state: string; follows: string | null; command: string | null }>(
    `SELECT o.id, o.state, o.follows, c.state AS command FROM smart_home.operations o
     LEFT JOIN outbox.commands c ON c.id = o.id AND c.finished_at IS NULL`,
  );
/** Operations that have not ended, and that nobody delivers. */
const orphans = async () => {
  const all = await read();
  const delivered = new Set(all.flatMap(({ id, command }) => (command === null ? [] : [id])));
  return all.filter(
    ({ id, state, follows }) => ['ACCEPTED', 'QUEUED', 'SENT'].includes(state) && !delivered.has(follows ?? id),
  );
};
const someoneWaits = async (): Promise<boolean> =>
  (await database.query('SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0;
/** Resolves when the work has ended or waits for a lock. */
const orWaiting = async (work: Promise<unknown>): Promise<void> => {
  let ended = false;
  const end = () => {
    ended = true;
  };
  work.then(end, end);
  while (!ended && !(await someoneWaits()));
};

test('who begins to follow while the leader ends is passed on like the others', async () => {
  const first = await start().tap('anna');
  const deciding = stop();
  const second = start({ deciding }).tap('boris');
  await deciding.reached;
  const refused = start().refuse(first.id);
  await orWaiting(refused);
  deciding.goOn();
  await refused;
  expect(await second).toMatchObject({ follows: first.id });
  expect(await orphans()).toEqual([]);
  expect(await read()).toMatchObject(
    expect.arrayContaining([{ id: (await second).id, state: 'QUEUED', follows: null, command: 'ACCEPTED' }]),
  );
});

test('who comes while the lead is passed on follows the new leader', async () => {
  const first = await start().tap('anna');
  const second = await start().tap('boris');
  const settling = stop();
  const refused = start({ settling }).refuse(first.id);
  await settling.reached;
  const third = start().tap('clara');
  await orWaiting(third);
  settling.goOn();
  await refused;
  expect(await third).toMatchObject({ state: 'QUEUED', follows: second.id });
  expect(await orphans()).toEqual([]);
});

test('however delivery and a crowd meet, nobody is forgotten and nobody opens beside another', async () => {
  const [one, other] = [start(), start()];
  for (let turn = 0; turn < 15; turn += 1) {
    const gate = `ac_${turn}`;
    const { id } = await one.tap('anna', { gate });
    await Promise.all([
      ...['boris', 'clara', 'dora', 'egor'].map((person) => other.tap(person, { gate })),
      one.refuse(id),
      ...['fedor', 'gleb', 'hanna', 'ivan'].map((person) => one.tap(person, { gate })),
    ]);
  }
  expect(await orphans()).toEqual([]);
  const commands = await database.query<{ gate: string; count: number }>(
    `SELECT body->>'accessPointId' AS gate, count(*)::int AS count FROM outbox.commands WHERE finished_at IS NULL GROUP BY 1`,
  );
  expect(commands.every(({ count }) => count === 1)).toBe(true);
  expect(commands).toHaveLength(15);
});

test('two taps of one person at the same moment are one operation under two keys', async () => {
  const [one, other] = [start(), start()];
  const taps = await Promise.all([one, other, one, other].map((house) => house.tap('anna')));
  expect(new Set(taps.map(({ id }) => id)).size).toBe(1);
  expect(await read()).toHaveLength(1);
  expect(await database.query('SELECT 1 FROM smart_home.operation_keys')).toHaveLength(4);
});

test('a key that is used for two gates at the same moment promises one of them', async () => {
  for (let turn = 0; turn < 10; turn += 1) {
    const key = `key-${turn}`;
    const both = await Promise.allSettled([
      start().tap('anna', { gate: `ac_left_${turn}`, key }),
      start().tap('anna', { gate: `ac_right_${turn}`, key }),
    ]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'IDEMPOTENCY_KEY_REUSED' },
    });
  }
  expect(await read()).toHaveLength(10);
  expect(await database.query('SELECT 1 FROM outbox.commands')).toHaveLength(10);
});

test('the same tap that is sent ten times at the same moment is one promise', async () => {
  const [one, other] = [start(), start()];
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => (index % 2 ? one : other).tap('anna', { key: 'key' })),
  );
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(await database.query('SELECT 1 FROM outbox.commands')).toHaveLength(1);
});
