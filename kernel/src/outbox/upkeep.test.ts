import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { later } from '../clock.ts';
import { type Database, openDatabase } from '../database/database.ts';
import { createTelemetry } from '../telemetry.ts';
import type { CommandClass } from './classes.ts';
import type { Change } from './outbox.ts';
import { createDeadLetters, createOutboxStore, migrateOutbox } from './outbox.ts';
import { createWatch } from './watch.ts';

const START = new Date('2026-03-01T12:00:00Z');
const DAY_MS = 86_400_000;
let now = START;
let changes: Change[] = [];

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateOutbox(database);
});
afterAll(() => database.close());
beforeEach(async () => {
  now = START;
  changes = [];
  await database.query('DELETE FROM outbox.dead_letter_actions');
  await database.query('DELETE FROM outbox.commands');
});

const record = async (_: unknown, change: Change): Promise<void> => void changes.push(change);
const store = () => createOutboxStore({ database, record });
const deadLetters = () => createDeadLetters({ database, record });
const put = (id: string, commandClass: CommandClass, termMs: number, orderKey: string | null = null) =>
  database.transaction((transaction) =>
    store().put(transaction, {
      id,
      kind: 'thing',
      class: commandClass,
      orderKey,
      body: { name: 'vp_1' },
      createdAt: now,
      notAfter: later(now, termMs),
    }),
  );
const finish = async (id: string, code?: 'NOT_DELIVERED'): Promise<void> => {
  const claimed = await store().claim(id, now);
  if (!claimed) throw new Error('not claimed');
  await store().settle(
    claimed,
    code ? { then: 'finish', state: 'FAILED', code } : { then: 'finish', state: 'SUCCEEDED' },
    now,
  );
};

/** A worker that watches, and what it has told. */
const worker = () => {
  const lines: string[] = [];
  const telemetry = createTelemetry({ service: 'test', level: 'error', destination: { write: (l) => lines.push(l) } });
  const watch = createWatch({ store: store(), clock: () => now, telemetry });
  return {
    at: async (sinceStartMs: number): Promise<void> => {
      now = later(START, sinceStartMs);
      await watch();
    },
    told: (): string[] => lines.map((line) => JSON.parse(line)).map(({ msg, reason }) => `${msg} ${reason}`),
    metrics: () => telemetry.registry.metrics(),
    lines,
  };
};
const idsOf = async (): Promise<unknown[]> =>
  (await database.query('SELECT id FROM outbox.commands ORDER BY id')).map(({ id }) => id);

test('a legal duty that is not done calls at 25, 50 and 80 % of its term, once each', async () => {
  await put('erase', 'compliance', 30 * DAY_MS);
  const watching = worker();
  await watching.at(7.5 * DAY_MS - 1);
  expect(watching.told()).toEqual([]);
  for (const day of [7.5, 8, 15, 16, 24, 29, 40]) await watching.at(day * DAY_MS);
  expect(watching.told()).toEqual([
    'command-overdue compliance 25 %',
    'command-overdue compliance 50 %',
    'command-overdue compliance 80 %',
  ]);
  expect(await watching.metrics()).toContain('commands_overdue_total{class="compliance",threshold="50 %"} 1');
});

test('an alarm is raised once, however many workers watch and however often they start anew', async () => {
  await put('revoke', 'safety', 60_000);
  const workers = [worker(), worker(), worker()];
  await Promise.all(workers.map((one) => one.at(60_000)));
  const later = worker();
  await later.at(120_000);
  expect([...workers, later].flatMap((one) => one.told())).toEqual(['command-overdue safety 60 s']);
});

test('what was done in time, and what may be given up, calls nobody', async () => {
  await put('erase', 'compliance', DAY_MS);
  await finish('erase');
  await put('write', 'write', DAY_MS);
  await put('open', 'moment', 10_000);
  const watching = worker();
  await watching.at(2 * DAY_MS);
  expect(watching.told()).toEqual([]);
});

test('an alarm names the command and says nothing of its body', async () => {
  await put('revoke', 'safety', 60_000);
  const watching = worker();
  await watching.at(60_000);
  expect(JSON.parse(watching.lines[0] ?? '')).toMatchObject({
    operationId: 'revoke',
    kind: 'thing',
    attempts: 0,
    durationMs: 60_000,
  });
  expect(watching.lines[0]).not.toContain('vp_1');
});

test('an operator sees what is overdue until it is done', async () => {
  await put('erase', 'compliance', 4 * DAY_MS);
  await put('revoke', 'safety', 60_000);
  const watching = worker();
  await watching.at(2 * DAY_MS);
  const [revoke, erase, ...more] = await deadLetters().overdue(10);
  expect([revoke?.id, erase?.id, more]).toEqual(['revoke', 'erase', []]);
  expect(erase).toMatchObject({
    notAfter: later(START, 4 * DAY_MS),
    alarms: [
      { threshold: '25 %', raisedAt: now },
      { threshold: '50 %', raisedAt: now },
    ],
  });
  expect(await deadLetters().show('revoke')).toEqual(revoke);
  await finish('erase');
  expect((await deadLetters().overdue(10)).map(({ id }) => id)).toEqual(['revoke']);
});

test('only a person ends an overdue command, and whoever is at it at that moment changes nothing any more', async () => {
  await put('revoke', 'safety', 60_000);
  const by = { actor: 'operator', now };
  expect(await deadLetters().discard('revoke', by)).toBe(false);
  await worker().at(60_000);
  const claimed = await store().claim('revoke', now);
  if (!claimed) throw new Error('not claimed');
  expect(await deadLetters().replay('revoke', by)).toBe(false);
  expect(await deadLetters().discard('revoke', by)).toBe(true);
  expect(await store().markSent(claimed, now)).toBe(false);
  expect(await store().settle(claimed, { then: 'finish', state: 'SUCCEEDED' }, now)).toBe(false);
  expect(changes).toMatchObject([{ state: 'FAILED', code: 'NOT_DELIVERED' }]);
  expect(await deadLetters().overdue(10)).toEqual([]);
  expect(await database.query('SELECT command_id, action, actor FROM outbox.dead_letter_actions')).toEqual([
    { command_id: 'revoke', action: 'discard', actor: 'operator' },
  ]);
});

test('what ended is forgotten after ninety days; dead letters, decisions of people and what is owed stay', async () => {
  await put('done', 'write', DAY_MS);
  await put('done late', 'safety', 60_000);
  await put('dead', 'write', DAY_MS);
  await put('decided', 'write', DAY_MS);
  await put('owed', 'compliance', DAY_MS);
  await worker().at(60_000);
  for (const id of ['done', 'done late']) await finish(id);
  for (const id of ['dead', 'decided']) await finish(id, 'NOT_DELIVERED');
  await deadLetters().discard('decided', { actor: 'operator', now });
  await worker().at(90 * DAY_MS);
  expect(await idsOf()).toEqual(['dead', 'decided', 'done', 'done late', 'owed']);
  await worker().at(91 * DAY_MS);
  expect(await idsOf()).toEqual(['dead', 'decided', 'owed']);
});

test('a dead letter that goes out again waits for what is under way of its order, and for what was asked for since', async () => {
  for (const id of ['dead', 'under way', 'waiting']) await put(id, 'write', DAY_MS, 'flat');
  await finish('dead', 'NOT_DELIVERED');
  await store().claim('under way', now);
  await deadLetters().replay('dead', { actor: 'operator', now });
  expect(await store().claim('dead', now)).toBeUndefined();
  now = later(now, DAY_MS);
  for (const id of ['under way', 'waiting']) {
    expect(await store().next('flat', now)).toMatchObject({ id });
    await finish(id);
  }
  expect(await store().claim('dead', now)).toMatchObject({ id: 'dead' });
});
