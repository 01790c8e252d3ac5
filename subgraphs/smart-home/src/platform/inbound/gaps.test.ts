import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createFindGaps, createReplayWatch } from './gaps.ts';
import { createInboundStore } from './store.ts';

const START = new Date('2026-03-01T12:00:00Z');
const MINUTE_MS = 60_000;
const signal = new AbortController().signal;

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../../migrations') });
});
afterAll(() => database.close());

let now: Date;
const clock = (): Date => now;
const vault = createVault({ rootKey: randomBytes(32), random: randomBytes });
const { log } = createTelemetry({ service: 'test', level: 'silent' });
let replays: string[];
let missed: number;
let isDown: boolean;
beforeEach(async () => {
  [now, replays, missed, isDown] = [START, [], 0, false];
  for (const table of ['platform_events', 'platform_sequences'])
    await database.query(`DELETE FROM smart_home.${table}`);
});

const createProcess = () => {
  const store = createInboundStore({ database, vault, clientId: 'house', clock });
  const { heard, isUnderWay } = createReplayWatch({ clock });
  const find = createFindGaps({
    store,
    isReplayUnderWay: isUnderWay,
    replay: async (from) => {
      replays.push(from.toISOString());
      if (isDown) throw new Error('the platform is down');
      return true;
    },
    missed: (count) => {
      missed += count;
    },
    clock,
    log,
  });
  return { store, heard, look: () => find(signal) };
};
/** The event of that sequence happened so many seconds after the start. */
const tell = async (sequence: number, siteId = 17): Promise<void> => {
  const event = {
    id: `evt_${siteId}_${sequence}`,
    type: 'sensor.alarm' as const,
    apiVersion: '2026-06-01',
    siteId,
    sequence,
    occurredAt: later(START, sequence * 1_000),
    data: {},
  };
  await createProcess().store.put(event, Buffer.from('{}'));
};
const after = (milliseconds: number): void => {
  now = later(now, milliseconds);
};

test('what comes in another order is no gap, and what came before the first is not missed', async () => {
  const { look } = createProcess();
  for (const sequence of [5, 7, 8, 6, 4, 9]) await tell(sequence);
  after(MINUTE_MS);
  await look();
  expect(replays).toEqual([]);
});

test('a gap that stays for ten seconds is replayed from the last event before it, once a minute at most', async () => {
  const processes = [createProcess(), createProcess()];
  const lookAll = () => Promise.all(processes.map(({ look }) => look()));
  for (const sequence of [5, 6, 9]) await tell(sequence);
  after(9_999);
  await lookAll();
  expect(replays).toEqual([]);
  after(1);
  await processes[0]?.look();
  for (let turn = 0; turn < 3; turn += 1) await lookAll();
  expect(replays).toEqual([later(START, 5_000).toISOString()]);
  await tell(12, 31);
  await tell(14, 31);
  after(MINUTE_MS - 1);
  await lookAll();
  expect(replays).toHaveLength(1);
  after(1);
  await lookAll();
  expect(new Set(replays)).toEqual(new Set([later(START, 5_000).toISOString()]));
});

test('what a replay brings closes the gap', async () => {
  const { look } = createProcess();
  for (const sequence of [5, 8]) await tell(sequence);
  after(10_000);
  await look();
  for (const sequence of [6, 7]) await tell(sequence);
  for (let turn = 0; turn < 4; turn += 1) {
    after(MINUTE_MS);
    await look();
  }
  expect([replays.length, missed]).toEqual([1, 0]);
});

test('what three replays did not bring is waited for no more, and the next gap is found', async () => {
  const { look } = createProcess();
  for (const sequence of [5, 8]) await tell(sequence);
  after(MINUTE_MS);
  await look();
  expect(replays).toHaveLength(1);
  for (const [minutes, count] of [
    [1, 2],
    [2, 3],
  ] as const) {
    after(minutes * MINUTE_MS - 1);
    await look();
    expect(replays).toHaveLength(count - 1);
    after(1);
    await look();
    expect([replays.length, missed]).toEqual([count, 0]);
  }
  after(4 * MINUTE_MS - 1);
  await look();
  expect([replays.length, missed]).toEqual([3, 0]);
  after(1);
  await look();
  expect([replays.length, missed]).toEqual([3, 2]);
  await tell(10);
  after(MINUTE_MS);
  await look();
  expect(replays.at(-1)).toBe(later(START, 7_000).toISOString());
});

test('while a replay still brings what is old, no other is asked for, and one without end is not waited for', async () => {
  const { look, heard } = createProcess();
  for (const sequence of [5, 8]) await tell(sequence);
  after(MINUTE_MS);
  await look();
  for (let seconds = 5; seconds < 600; seconds += 5) {
    after(5_000);
    heard(later(now, -30_000));
    await look();
  }
  expect(replays).toHaveLength(1);
  after(5_000);
  heard(later(now, -30_000));
  await look();
  expect(replays).toHaveLength(2);
});

test('what happens just now does not look like a replay', async () => {
  const { look, heard } = createProcess();
  for (const sequence of [5, 8]) await tell(sequence);
  after(MINUTE_MS);
  await look();
  after(MINUTE_MS);
  heard(later(now, -9_000));
  await look();
  expect(replays).toHaveLength(2);
});

test('a repeat is known before it is sealed', async () => {
  let sealed = 0;
  const counting = {
    ...vault,
    seal: (...content: Parameters<typeof vault.seal>) => {
      sealed += 1;
      return vault.seal(...content);
    },
  };
  const store = createInboundStore({ database, vault: counting, clientId: 'house', clock });
  const event = { id: 'evt', type: 'x', siteId: 17, sequence: 1, occurredAt: START, isUnknown: true } as const;
  expect([await store.put(event, Buffer.from('{}')), await store.put(event, Buffer.from('{}'))]).toEqual([true, false]);
  expect(sealed).toBe(1);
});

test('a replay that the platform did not take is no reason to give anything up', async () => {
  const { look } = createProcess();
  isDown = true;
  for (const sequence of [5, 8]) await tell(sequence);
  for (let turn = 0; turn < 5; turn += 1) {
    after(MINUTE_MS);
    await expect(look()).rejects.toThrow('down');
  }
  expect([replays.length, missed]).toEqual([5, 0]);
});

test('an event is forgotten after its time, and none before', async () => {
  await tell(5);
  after(MINUTE_MS);
  await tell(6);
  await createProcess().store.forget(later(START, 1), 100);
  expect(await database.query('SELECT id FROM smart_home.platform_events')).toEqual([{ id: 'evt_17_6' }]);
});
