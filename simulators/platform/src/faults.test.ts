import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, startCaller, textAt } from './test/caller.ts';
import { ENTRANCE, ended, open, openV1 } from './test/requests.ts';

const OPENED = { [`open:${ENTRANCE}`]: 1 };
const OPENED_V1 = { 'open:ap_Qy2vA8': 1 };

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
  // Tokens are asked for before any fault is set.
  await Promise.all([caller.v2('/sites'), caller.v1('/houses')]);
});
afterAll(() => caller.close());
beforeEach(() => caller.control('/reset', {}));

const fault = (kind: string, rest: Record<string, unknown> = {}) =>
  caller.control('/faults', { match: { path: '/open' }, kind, ...rest });
/** What the client gets to see: an answer, or the reason why it has none. */
const seen = (reply: Promise<unknown>) => reply.catch((error: { code?: string }) => ({ code: error.code }));

test.each(['reset-before', 'timeout-before'])('%s: the connection ends and nothing has happened', async (kind) => {
  await fault(kind, { ms: 10 });
  expect(await seen(open(caller))).toEqual({ code: expect.stringMatching(/^(ECONNRESET|UND_ERR_SOCKET)$/) });
  expect(await seen(openV1(caller))).toEqual({ code: expect.any(String) });
  expect(await caller.counts()).toEqual({});
});

test.each(['reset-after-effect', 'timeout-after-effect'])(
  '%s: the connection ends and the door is open',
  async (kind) => {
    await fault(kind, { ms: 10 });
    const key = randomUUID();
    expect(await seen(open(caller, { key }))).toEqual({ code: expect.any(String) });
    expect(await caller.counts()).toEqual(OPENED);
    expect((await caller.v2(`/operations/by-key/${key}`)).body).toMatchObject({ state: 'succeeded' });
    expect(await seen(openV1(caller))).toEqual({ code: expect.any(String) });
    expect(await caller.counts()).toEqual({ ...OPENED, ...OPENED_V1 });
  },
);

test('a timeout without a time is silence: the client is the one that gives up', async () => {
  await fault('timeout-before');
  const first = await Promise.race([seen(open(caller)), caller.control('/ledger').then(() => 'still silent')]);
  expect(first).toBe('still silent');
  expect(await caller.counts()).toEqual({});
});

test('held-up: meanwhile nobody knows of the request, and then it is done', async () => {
  await fault('held-up', { ms: 1_000, times: 1 });
  const key = randomUUID();
  const late = open(caller, { key });
  expect((await caller.v2(`/operations/by-key/${key}`)).status).toBe(404);
  expect((await ended(caller, await late)).body).toMatchObject({ state: 'succeeded' });
  expect(await caller.counts()).toEqual(OPENED);
});

test('500-before: nothing has happened; 500-after-effect: everything has', async () => {
  await fault('500-before', { times: 2 });
  expect((await open(caller)).status).toBe(500);
  expect(await openV1(caller)).toMatchObject({ status: 500, body: { code: 500 } });
  expect(await caller.counts()).toEqual({});
  await fault('500-after-effect', { times: 2 });
  expect((await open(caller)).status).toBe(500);
  expect((await openV1(caller)).status).toBe(500);
  expect(await caller.counts()).toEqual({ ...OPENED, ...OPENED_V1 });
});

test.each([
  ['503', 503, 'temporary-reduced-capacity'],
  ['429', 429, 'too-many-requests'],
])('%s: says when to come back, on v1 only when told to', async (kind, status, code) => {
  await fault(kind, { retryAfterSeconds: 7, times: 1 });
  expect(await open(caller)).toMatchObject({ status, headers: { 'retry-after': '7' }, body: { code, retryAfter: 7 } });
  await fault(kind);
  const reply = await openV1(caller);
  expect(reply).toMatchObject({ status, body: { code: status } });
  expect(reply.headers['retry-after']).toBeUndefined();
  expect(await caller.counts()).toEqual({});
});

test('200-text: a sentence where JSON was promised, and nothing has happened', async () => {
  await fault('200-text');
  expect(await open(caller)).toMatchObject({ status: 200, text: 'An internal server error occurred.' });
  expect((await openV1(caller)).status).toBe(200);
  expect(await caller.counts()).toEqual({});
});

test('junk-json: done, and answered with half of the answer', async () => {
  await fault('junk-json', { times: 1 });
  const reply = await open(caller);
  expect(reply).toMatchObject({ status: 202, body: undefined });
  expect(reply.text).toMatch(/^\{"id":"op_/);
  await ended(caller, await open(caller));
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 2 });
});

test('schema-drift: done, and answered with other members than promised', async () => {
  await caller.control('/faults', { match: { path: '/access-points' }, kind: 'schema-drift', times: 1 });
  const first = at((await caller.v2('/units/unit_7Qm2fD/access-points')).body, 'items', 0);
  expect(first).toMatchObject({ id_v3: ENTRANCE, kind: 'entrance' });
  expect(at(first, 'id')).toBeUndefined();
  await caller.control('/faults', { match: { path: '/doors', apiVersion: 'v1' }, kind: 'schema-drift' });
  expect(at((await caller.v1('/houses/23/doors')).body, 'data', 0)).toMatchObject({ domophoneId_v3: 2301 });
});

test('slow: the door opens in time, the answer comes late', async () => {
  await fault('slow', { ms: 400 });
  const before = caller.now().getTime();
  const reply = await open(caller);
  expect(caller.now().getTime() - before).toBeGreaterThanOrEqual(390);
  const { body } = await caller.v2(`/operations/${textAt(reply.body, 'id')}`);
  expect(Date.parse(textAt(body, 'finishedAt')) - before).toBeLessThan(390);
});

test('bad-signature: done, but no answer is as it was signed, in several ways, and the same seed breaks them alike', async () => {
  const run = async () => {
    await caller.control('/reset', { seed: 3 });
    await fault('bad-signature');
    const breaches: (string | null)[] = [];
    for (let call = 0; call < 24; call += 1) breaches.push((await open(caller, { looksAtBreach: true })).breach);
    return breaches;
  };
  const first = await run();
  expect(first).not.toContain(null);
  expect(new Set(first).size).toBeGreaterThanOrEqual(4);
  expect(await run()).toEqual(first);
  await caller.control('/faults', undefined, 'DELETE');
  expect((await open(caller, { looksAtBreach: true })).breach).toBeNull();
});

test('the newest fault wins, is used up, and leaves the older one', async () => {
  await fault('503');
  await fault('500-before', { times: 1 });
  expect([(await open(caller)).status, (await open(caller)).status]).toEqual([500, 503]);
});

test('a fault meets only what it matches', async () => {
  await caller.control('/faults', { match: { method: 'post', siteId: 17, apiVersion: 'v2' }, kind: '503' });
  expect((await open(caller)).status).toBe(503);
  expect((await caller.v2('/units/unit_7Qm2fD')).status).toBe(200);
  const there = { accessPointId: 'ap_Xg5nD2', unitId: 'unit_2Ns6wV' };
  expect((await open(caller, there)).status).toBe(202);
  expect((await openV1(caller)).status).toBe(204);
});

test('the same seed fails the same requests', async () => {
  const run = async () => {
    await caller.control('/reset', { seed: 7 });
    await caller.control('/faults', { match: { path: '/sites' }, kind: '503', probability: 0.5 });
    const statuses: number[] = [];
    for (let call = 0; call < 12; call += 1) statuses.push((await caller.v2('/sites')).status);
    return statuses;
  };
  const first = await run();
  expect(await run()).toEqual(first);
  expect(new Set(first)).toEqual(new Set([200, 503]));
});

test('faults are taken back, one or all', async () => {
  const id = textAt((await fault('503')).body, 'id');
  await fault('500-before');
  expect((await caller.control(`/faults/${id}`, undefined, 'DELETE')).status).toBe(200);
  expect((await caller.control(`/faults/${id}`, undefined, 'DELETE')).status).toBe(404);
  expect((await open(caller)).status).toBe(500);
  await caller.control('/faults', undefined, 'DELETE');
  expect((await open(caller)).status).toBe(202);
});

test('faults on demand are nobody’s breach of the contract', () => {
  expect(caller.simulator.contractViolations()).toEqual([]);
});
