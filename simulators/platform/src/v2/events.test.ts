import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, each, type Reply, startCaller, textAt } from '../test/caller.ts';
import { addPermit, ENTRANCE, ended, open, openV1, SUBJECT, UNIT } from '../test/requests.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Two flats, a week, six events a day. */
const WEEK = 2 * 7 * 6;

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());
beforeEach(() => caller.control('/reset', {}));

const read = (query = '') => caller.v2(`/events${query}`);
const cursorOf = ({ body }: Reply) => encodeURIComponent(textAt(body, 'next'));
const itemsOf = ({ body }: Reply) => at(body, 'items') as readonly unknown[];
/** Everything from the beginning, and the cursor behind it. */
const walk = async (query = '') => {
  const items: unknown[] = [];
  let cursor = '';
  for (;;) {
    const reply = await read(`?limit=100${cursor}${query}`);
    items.push(...itemsOf(reply));
    cursor = `&cursor=${cursorOf(reply)}`;
    if (itemsOf(reply).length < 100) return { items, cursor };
  }
};

test('what opens is told with its person, its unit and its promise', async () => {
  const { cursor } = await walk();
  const operation = await ended(caller, await open(caller));
  const { items } = { items: itemsOf(await read(`?limit=10${cursor}`)) };
  expect(items).toEqual([
    {
      id: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
      type: 'access_point.opened',
      apiVersion: '2026-06-01',
      siteId: 17,
      occurredAt: expect.stringMatching(/Z$/),
      sequence: WEEK + 1,
      data: {
        accessPointId: ENTRANCE,
        unitId: UNIT,
        subjectRef: SUBJECT,
        performedVia: 'app',
        credentialRef: null,
        operationId: at(operation.body, 'id'),
        denialReason: null,
        cameraId: null,
      },
    },
    expect.objectContaining({ type: 'operation.updated', sequence: WEEK + 2, data: operation.body }),
  ]);
});

test('a plate that a device has learned is told, at once or when the device is back', async () => {
  await caller.control('/devices/ap_Zk8mL6', { connectivity: 'offline' });
  const { cursor } = await walk();
  await ended(caller, await addPermit(caller));
  await caller.control('/devices/ap_Zk8mL6', { connectivity: 'online' });
  await ended(caller, await addPermit(caller));
  const told = itemsOf(await read(`?types=vehicle.provisioned,access_point.online${cursor}`));
  expect(each(told, 'type')).toEqual(['access_point.online', 'vehicle.provisioned', 'vehicle.provisioned']);
  expect(at(told, 1, 'data')).toMatchObject({ accessPointId: 'ap_Zk8mL6', direction: null });
});

test('ids grow, sequences of a site have no gap, and the week before is told first', async () => {
  await Promise.all([open(caller), open(caller), open(caller)].map(async (reply) => ended(caller, await reply)));
  const { items } = await walk();
  const ids = each(items, 'id').map(String);
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(ids.length);
  expect(items).toHaveLength(WEEK + 6);
  expect(each(items, 'sequence')).toEqual(items.map((_, index) => index + 1));
  expect(new Set(each(items, 'siteId'))).toEqual(new Set([17]));
});

test('a cursor that was kept answers with what has come since, and with itself when nothing has', async () => {
  const { cursor } = await walk();
  const nothing = await read(`?limit=5${cursor}`);
  expect(itemsOf(nothing)).toEqual([]);
  expect(`&cursor=${cursorOf(nothing)}`).toBe(cursor);
  await ended(caller, await open(caller));
  const first = await read(`?limit=1${cursor}`);
  const second = await read(`?limit=1&cursor=${cursorOf(first)}`);
  expect(each([...itemsOf(first), ...itemsOf(second)], 'type')).toEqual(['access_point.opened', 'operation.updated']);
});

test('a filter that finds nothing still moves on', async () => {
  const nothing = await read('?types=sensor.alarm&limit=100');
  expect(itemsOf(nothing)).toEqual([]);
  await caller.control('/events', {
    type: 'sensor.alarm',
    siteId: 17,
    data: { sensorId: 'sen_Ab12Cd', kind: 'leak', alarm: true },
  });
  expect(each(itemsOf(await read(`?cursor=${cursorOf(nothing)}`)), 'type')).toEqual(['sensor.alarm']);
});

test('a house whose journal is on v1 is silent here, but its change of version is not', async () => {
  const { cursor } = await walk();
  await openV1(caller);
  await ended(caller, await open(caller, { accessPointId: 'ap_Xg5nD2', unitId: 'unit_2Ns6wV' }));
  await caller.control('/version', { siteId: 23, version: 'v2' });
  const told = itemsOf(await read(`?limit=10${cursor}`));
  // From now on the house is one of v2: what it did before is its past.
  expect(told).toMatchObject([
    { type: 'access_point.opened', siteId: 23, data: { unitId: 'unit_4Xc8jH', subjectRef: null } },
    { type: 'site.version_changed', siteId: 23, data: { siteId: 23, version: 'v2', resources: {} } },
  ]);
  expect(itemsOf(await read(`?siteId=31${cursor}`))).toEqual([]);
});

test('after thirty days an event is gone, and so is a cursor that stands before it', async () => {
  const { cursor } = await walk();
  await ended(caller, await open(caller));
  caller.moveClock(31 * DAY_MS);
  await caller.signInV2();
  expect(await read(`?limit=10${cursor}`)).toMatchObject({ status: 410, body: { code: 'gone' } });
  const anew = await read();
  expect(itemsOf(anew)).toEqual([]);
  await ended(caller, await open(caller));
  expect(itemsOf(await read(`?cursor=${cursorOf(anew)}`))).toHaveLength(2);
});

test('a cursor that we did not make is refused', async () => {
  for (const cursor of ['made-up', 'c_01', 'c_ZZZZZZZZZZZZZZZZZZZZZZZZZZ'])
    expect((await read(`?cursor=${cursor}`)).status).toBe(400);
});

test('the simulator’s own answers kept to the contract', () => {
  expect(caller.simulator.contractViolations()).toEqual([]);
});
