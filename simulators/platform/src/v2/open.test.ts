import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, startCaller } from '../test/caller.ts';
import { ENTRANCE, ended, open, SUBJECT, UNIT } from '../test/requests.ts';

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());
beforeEach(() => caller.control('/reset', {}));

const device = (body: unknown, id = ENTRANCE) => caller.control(`/devices/${id}`, body);

test('the same key is one opening and one operation, in its present state', async () => {
  const key = randomUUID();
  const first = await open(caller, { key });
  await ended(caller, first);
  const again = await open(caller, { key, deadlineMs: 10_000 });
  // The deadline of this repeat is another instant: another request.
  expect(again).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  const repeat = await caller.v2(`/operations/by-key/${key}`);
  expect(repeat.body).toMatchObject({ id: at(first.body, 'id'), state: 'succeeded' });
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 1 });
});

test('a repeat to the letter is answered with the same operation and opens nothing', async () => {
  const headers = { 'idempotency-key': randomUUID(), 'expires-at': caller.instant(10_000) };
  const body = { subjectRef: SUBJECT, unitId: UNIT, reason: 'app', deadline: headers['expires-at'] };
  const send = (sent: unknown) => caller.v2(`/access-points/${ENTRANCE}/open`, { method: 'POST', headers, body: sent });
  const first = await send(body);
  await ended(caller, first);
  const { deadline, ...rest } = body;
  const repeat = await send({ deadline, ...rest });
  expect(repeat).toMatchObject({ status: 202, body: { id: at(first.body, 'id'), state: 'succeeded' } });
  expect(repeat.headers.location).toBe(first.headers.location);
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 1 });
});

test('two keys are two openings, also for one person at one door in one moment', async () => {
  await Promise.all([open(caller), open(caller)].map(async (reply) => ended(caller, await reply)));
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 2 });
});

test('while the first request is being answered its repeat is told to wait', async () => {
  await caller.control('/faults', { match: { path: '/open' }, kind: 'slow', ms: 150, times: 1 });
  const headers = { 'idempotency-key': randomUUID(), 'expires-at': caller.instant(10_000) };
  const body = { subjectRef: SUBJECT, unitId: UNIT, reason: 'app', deadline: headers['expires-at'] };
  const send = () => caller.v2(`/access-points/${ENTRANCE}/open`, { method: 'POST', headers, body });
  const first = send();
  await caller.until(`/operations/by-key/${headers['idempotency-key']}`, ({ status }) => status === 200);
  expect(await send()).toMatchObject({ status: 409, body: { code: 'idempotency-in-progress', retryable: true } });
  expect((await first).status).toBe(202);
  expect(await send()).toMatchObject({ status: 202, body: { id: at((await first).body, 'id') } });
});

test('a key is asked for by name', async () => {
  const body = { subjectRef: SUBJECT, unitId: UNIT, reason: 'app', deadline: caller.instant(10_000) };
  const call = { method: 'POST', headers: { 'expires-at': body.deadline }, body };
  expect(await caller.v2(`/access-points/${ENTRANCE}/open`, call)).toMatchObject({
    status: 400,
    body: { code: 'idempotency-key-missing' },
  });
});

test('a refused request does not use its key up', async () => {
  const key = randomUUID();
  await device({ connectivity: 'offline' });
  expect(await open(caller, { key })).toMatchObject({ status: 503, body: { code: 'device-offline' } });
  expect((await caller.v2(`/operations/by-key/${key}`)).status).toBe(404);
  await device({ connectivity: 'online' });
  expect((await open(caller, { key })).status).toBe(202);
});

test('a door whose time is over stays shut', async () => {
  const late = await ended(caller, await open(caller, { deadlineMs: -1 }));
  expect(late.body).toMatchObject({ state: 'expired', result: null, problem: null });
  expect(await caller.counts()).toEqual({});
});

test('the deadline counts at the moment of the effect: a platform that stood still does not open late', async () => {
  const accepted = await open(caller, { deadlineMs: 5_000 });
  await caller.control('/freeze', { ms: 100 });
  caller.moveClock(6_000);
  expect((await ended(caller, accepted)).body).toMatchObject({ state: 'expired' });
  expect(await caller.counts()).toEqual({});
});

test.each([
  [{ busy: true }, 409, 'access-point-busy'],
  [{ lockedDown: true }, 423, 'access-point-locked-down'],
  [{ connectivity: 'offline' }, 503, 'device-offline'],
])('a device that is %j refuses', async (mood, status, code) => {
  await device(mood);
  expect(await open(caller)).toMatchObject({ status, body: { code } });
  expect(await caller.counts()).toEqual({});
});

test('a jammed device takes the order and fails', async () => {
  await device({ jammed: true });
  const failed = await ended(caller, await open(caller));
  expect(failed.body).toMatchObject({ state: 'failed', problem: { code: 'state-conflict' } });
  expect(await caller.counts()).toEqual({});
});

test('a neighbour’s door, an unknown one and one that v1 serves are not found', async () => {
  for (const accessPointId of ['ap_Cf3qN7', 'ap_Nobody1', 'ap_Qy2vA8'])
    expect(await open(caller, { accessPointId })).toMatchObject({ status: 404, body: { code: 'not-found' } });
});

test('a deleted subject may not open any more, a neighbour of the same flat may', async () => {
  expect((await caller.v2(`/units/${UNIT}/subjects/${SUBJECT}`, { method: 'DELETE' })).status).toBe(204);
  expect(await open(caller)).toMatchObject({ status: 403, body: { code: 'consent-withdrawn' } });
  expect((await open(caller, { subjectRef: 'sr_AnotherOne' })).status).toBe(202);
  const again = { method: 'PUT', body: { role: 'tenant', validUntil: caller.instant(60_000) } };
  await caller.v2(`/units/${UNIT}/subjects/${SUBJECT}`, again);
  expect((await open(caller)).status).toBe(202);
  caller.moveClock(61_000);
  expect(await open(caller)).toMatchObject({ status: 403, body: { code: 'consent-required' } });
});

test('the simulator’s own answers kept to the contract', () => {
  expect(caller.simulator.contractViolations().filter(({ side }) => side === 'answer')).toEqual([]);
});
