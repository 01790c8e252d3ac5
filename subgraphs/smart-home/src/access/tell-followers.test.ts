import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase } from '@house/kernel/database';
import type { ErrorCode } from '@house/kernel/errors';
import type { Command, CommandState, NewCommand } from '@house/kernel/outbox';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createFollowers, createOperationStore, type OperationRecord } from '../operations/operations.ts';
import { createTellFollowers } from './share-pulse.ts';

const START = new Date('2026-03-01T12:00:00Z');
const DEADLINE_MS = 10_000;
const followers = createFollowers();
let database: Database;
let given: NewCommand[];
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../migrations') });
  await database.query("INSERT INTO smart_home.complexes (id, site_id) VALUES ('cx_1', 1)");
  await database.query("INSERT INTO smart_home.premises (id, complex_id) VALUES ('pr_1', 'cx_1')");
});
afterAll(() => database.close());

const put = (
  id: string,
  createdMs: number,
  { deadlineMs = DEADLINE_MS, leader = undefined as OperationRecord | undefined } = {},
) =>
  createOperationStore({ database }).insert(database, {
    id,
    kind: 'OPEN',
    subject: `account of ${id}`,
    premisesId: 'pr_1',
    objectId: 'ac_1',
    createdAt: later(START, createdMs),
    deadline: later(START, createdMs + deadlineMs),
    leader,
  });

/** One leads; two and three follow it, and would until twelve and thirteen seconds; four until three. */
beforeEach(async () => {
  given = [];
  await database.query('DELETE FROM smart_home.operations');
  await put('op_1', 0);
  const leader = await followers.holdLeader(database, 'op_1');
  await put('op_3', 3_000, { leader });
  await put('op_2', 2_000, { leader });
  await put('op_4', 0, { deadlineMs: 3_000, leader });
});

/** Delivery tells what became of `id`, `atMs` after the first tap. */
const tell = (id: string, state: CommandState, code: ErrorCode | null, atMs: number) => {
  const command = { id, attempts: 1 } as Command;
  const change = { command, state, code, at: later(START, atMs) };
  return database.transaction(async (transaction) => {
    await createOperationStore({ database }).record(transaction, change);
    await createTellFollowers({ followers, outbox: { put: async (_, added) => void given.push(added) } })(
      transaction,
      change,
    );
  });
};
const states = async (): Promise<Record<string, string>> => {
  const found = await createOperationStore({ database }).byIds(['op_1', 'op_2', 'op_3', 'op_4']);
  return Object.fromEntries(
    found.flatMap((one) => (one ? [[one.id, [one.state, one.errorCode, one.follows].filter(Boolean).join(' ')]] : [])),
  );
};

test('whoever follows is told what the leader is, and was never handed over', async () => {
  await tell('op_1', 'SENT', null, 100);
  expect(await states()).toEqual({ op_1: 'SENT', op_2: 'SENT op_1', op_3: 'SENT op_1', op_4: 'SENT op_1' });
  await tell('op_1', 'SUCCEEDED', null, 4_000);
  const found = await createOperationStore({ database }).byIds(['op_2', 'op_3', 'op_4']);
  const expected = { state: 'SUCCEEDED', finishedAt: later(START, 4_000), attempts: 0 };
  expect(found).toMatchObject([expected, expected, expected]);
  expect(given).toEqual([]);
});

test('an outcome that nobody knows is nobody else’s failure', async () => {
  await tell('op_1', 'UNKNOWN_OUTCOME', 'OUTCOME_UNKNOWN', 10_000);
  expect((await states())['op_2']).toBe('UNKNOWN_OUTCOME OUTCOME_UNKNOWN op_1');
  expect(given).toEqual([]);
});

test.each([
  ['CANCELLED', 'NO_LONGER_ALLOWED'],
  ['FAILED', 'REFUSED_BY_PLATFORM'],
  ['EXPIRED', 'DEADLINE_PASSED'],
] as const)(
  '%s of the leader gives the first who still has time a command, and the others follow',
  async (state, code) => {
    await tell('op_1', state, code, 4_000);
    expect(await states()).toEqual({
      op_1: `${state} ${code}`,
      op_2: 'QUEUED',
      op_3: 'QUEUED op_2',
      op_4: 'EXPIRED DEADLINE_PASSED op_1',
    });
    expect(given).toEqual([
      {
        id: 'op_2',
        kind: 'OPEN',
        class: 'moment',
        orderKey: null,
        body: { subject: 'account of op_2', premisesId: 'pr_1', accessPointId: 'ac_1' },
        createdAt: later(START, 2_000),
        notAfter: later(START, 12_000),
      },
    ]);
    await tell('op_2', 'SUCCEEDED', null, 5_000);
    expect(await states()).toMatchObject({
      op_1: `${state} ${code}`,
      op_3: 'SUCCEEDED op_2',
      op_4: 'EXPIRED DEADLINE_PASSED op_1',
    });
  },
);

test('when nobody has time left, everybody has ended and nothing is sent', async () => {
  await tell('op_1', 'EXPIRED', 'DEADLINE_PASSED', 13_000);
  expect(Object.values(await states()).every((state) => state.startsWith('EXPIRED DEADLINE_PASSED'))).toBe(true);
  expect(given).toEqual([]);
});

test('a door that is locked down is not tried once for everybody', async () => {
  await tell('op_1', 'FAILED', 'ACCESS_POINT_LOCKED_DOWN', 500);
  expect((await states())['op_3']).toBe('FAILED ACCESS_POINT_LOCKED_DOWN op_1');
  expect(given).toEqual([]);
});

test('who follows a pulse that was made already has ended with it', async () => {
  await tell('op_1', 'SUCCEEDED', null, 500);
  await put('op_5', 1_000, { leader: await followers.holdLeader(database, 'op_1') });
  const [operation] = await createOperationStore({ database }).byIds(['op_5']);
  expect(operation).toMatchObject({
    state: 'SUCCEEDED',
    finishedAt: later(START, 1_000),
    attempts: 0,
    follows: 'op_1',
  });
});
