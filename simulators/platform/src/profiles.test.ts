import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, startCaller } from './test/caller.ts';
import { addPermit, ENTRANCE, ended, open, PERMIT, SUBJECT, UNIT } from './test/requests.ts';

const SEVEN_DAYS_MS = 7 * 24 * 60 * 60 * 1000;

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());
beforeEach(() => caller.control('/reset', {}));

const play = (profile: string, siteId?: number) => caller.control('/profile', { profile, siteId });
const byKey = (key: string) => caller.v2(`/operations/by-key/${key}`);
/** The same request to the letter, as often as it is sent. */
const request = (deadlineMs = 10_000) => {
  const headers = { 'idempotency-key': randomUUID(), 'expires-at': caller.instant(deadlineMs) };
  const body = { subjectRef: SUBJECT, unitId: UNIT, reason: 'app', deadline: headers['expires-at'] };
  return {
    key: headers['idempotency-key'],
    send: () => caller.v2(`/access-points/${ENTRANCE}/open`, { method: 'POST', headers, body }),
  };
};

test.each(['A', 'B'])(
  '%s: a repeat is the same operation for seven days, and so is its state by key',
  async (profile) => {
    await play(profile);
    const { key, send } = request();
    const first = await ended(caller, await send());
    caller.moveClock(SEVEN_DAYS_MS - 60_000);
    // A token does not live as long as a key.
    await caller.signInV2();
    expect(at((await send()).body, 'id')).toBe(at(first.body, 'id'));
    expect((await byKey(key)).body).toMatchObject({ id: at(first.body, 'id'), state: 'succeeded' });
    expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 1 });
  },
);

test('A: what thaws after its deadline stays shut', async () => {
  const accepted = await open(caller, { deadlineMs: 5_000 });
  await caller.control('/freeze', { ms: 100 });
  caller.moveClock(6_000);
  expect((await ended(caller, accepted)).body).toMatchObject({ state: 'expired' });
  expect(await caller.counts()).toEqual({});
});

test('B: what thaws after its deadline opens late, and says so by key', async () => {
  await play('B');
  const key = randomUUID();
  const accepted = await open(caller, { key, deadlineMs: 5_000 });
  await caller.control('/freeze', { ms: 100 });
  caller.moveClock(6_000);
  await ended(caller, accepted);
  expect((await byKey(key)).body).toMatchObject({ id: at(accepted.body, 'id'), state: 'succeeded' });
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 1 });
});

test('B: a request whose deadline has passed already is carried out too, once', async () => {
  await play('B');
  const { send } = request(-1);
  await ended(caller, await send());
  expect(await send()).toMatchObject({ status: 202, body: { state: 'succeeded' } });
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 1 });
});

test('C: two requests with one key are two openings, and no key is known', async () => {
  await play('C');
  const { key, send } = request();
  const [first, second] = [await ended(caller, await send()), await ended(caller, await send())];
  expect(at(first.body, 'id')).not.toBe(at(second.body, 'id'));
  expect((await byKey(key)).status).toBe(404);
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 2 });
});

test('C: a deadline means nothing, and a key may be used for anything', async () => {
  await play('C');
  const key = randomUUID();
  expect((await ended(caller, await open(caller, { key, deadlineMs: -1 }))).body).toMatchObject({ state: 'succeeded' });
  await ended(caller, await addPermit(caller, PERMIT, key));
  await ended(caller, await addPermit(caller, PERMIT, key));
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 1, [`plate.add:${UNIT}`]: 2 });
});

test('one site plays a profile of its own', async () => {
  await play('C', 31);
  const { key, send } = request();
  await ended(caller, await send());
  expect((await send()).status).toBe(202);
  expect((await byKey(key)).status).toBe(200);
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 1 });
});

test('a site says what it keeps', async () => {
  await play('B', 17);
  await play('C', 31);
  const features = async (siteId: number) => at((await caller.v2(`/sites/${siteId}`)).body, 'features');
  expect(await features(17)).toEqual(['operations.keys']);
  expect(await features(31)).toEqual([]);
  await play('A');
  expect(await features(31)).toEqual(['operations.keys', 'operations.deadlines']);
});

test('neither side has broken the contract', () => {
  expect(caller.simulator.contractViolations()).toEqual([]);
});
