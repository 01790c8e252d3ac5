import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase } from '@house/kernel/database';
import { createOutboxStore, migrateOutbox } from '@house/kernel/outbox';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSentOpens } from './sent-opens.ts';

const START = new Date('2026-03-01T12:00:00Z');
const ENDED = later(START, 4_000);
let database: Database;
const outbox = () => createOutboxStore({ database, record: async () => undefined });
const at = { premisesId: 'pr_1', accessPointId: 'ac_1', since: START };

type Was = {
  state: 'QUEUED' | 'SENT' | 'SUCCEEDED' | 'FAILED' | 'UNKNOWN_OUTCOME';
  ended?: boolean;
};
const put = async (id: string, { state, ended = false }: Was, where: Partial<typeof at> = {}) => {
  const { premisesId, accessPointId, since } = { ...at, ...where };
  await database.query(
    `INSERT INTO smart_home.operations (id, kind, state, subject, premises_id, object_id, created_at, deadline)
     VALUES ($1, 'OPEN', $2, 'somebody', $3, $4, $5, $5)`,
    [id, state, premisesId, accessPointId, since],
  );
  await outbox().put(database, {
    id,
    kind: 'OPEN',
    class: 'moment',
    orderKey: null,
    body: {},
    createdAt: since,
    notAfter: later(since, 10_000),
  });
  await database.query('UPDATE outbox.commands SET state = $2, finished_at = $3 WHERE id = $1', [
    id,
    state,
    ended ? ENDED : null,
  ]);
};

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateOutbox(database);
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../migrations') });
  await database.query("INSERT INTO smart_home.complexes (id, site_id) VALUES ('cx_1', 1)");
  await database.query(
    "INSERT INTO smart_home.premises (id, complex_id) SELECT 'pr_' || n, 'cx_1' FROM generate_series(1, 9) n",
  );
});
afterAll(() => database.close());

const besides = (operationId: string, premisesId = 'pr_1') =>
  createSentOpens({ database, outbox: outbox() }).besides({ ...at, premisesId, operationId });

test('only what may have opened the same point for the same premises is told, and until when', async () => {
  await put('lost', { state: 'SENT' });
  await put('under way', { state: 'SENT' });
  await put('opened', { state: 'SUCCEEDED', ended: true });
  await put('unknown', { state: 'UNKNOWN_OUTCOME' });
  await put('unknown for good', { state: 'UNKNOWN_OUTCOME', ended: true });
  await put('refused', { state: 'FAILED', ended: true });
  await put('never sent', { state: 'QUEUED' });
  await put('of another door', { state: 'SENT' }, { accessPointId: 'ac_2' });
  await put('of a neighbour', { state: 'SENT' }, { premisesId: 'pr_2' });
  await put('of last week', { state: 'SENT' }, { since: later(START, -7 * 86_400_000) });
  const told = await besides('lost');
  expect(told).toHaveLength(4);
  expect(told).toEqual(
    expect.arrayContaining([
      { from: START, until: null },
      { from: START, until: ENDED },
      { from: START, until: later(ENDED, 60_000) },
    ]),
  );
  expect(told.filter(({ until }) => until === null)).toHaveLength(2);
});

test('an open that followed another has no command and accounts for nothing', async () => {
  await put('leads', { state: 'SUCCEEDED', ended: true }, { premisesId: 'pr_3' });
  await put('asked', { state: 'SENT' }, { premisesId: 'pr_3' });
  await database.query(
    `INSERT INTO smart_home.operations (id, kind, state, subject, premises_id, object_id, created_at, deadline, follows)
     VALUES ('follows', 'OPEN', 'SUCCEEDED', 'somebody', 'pr_3', 'ac_1', $1, $1, 'leads')`,
    [START],
  );
  expect(await besides('asked', 'pr_3')).toEqual([{ from: START, until: ENDED }]);
});
