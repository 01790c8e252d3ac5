import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, startCaller } from '../test/caller.ts';
import { ENTRANCE, open, UNIT } from '../test/requests.ts';
import { loadContract } from './contract.ts';

let caller: Caller;
let before = 0;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());
beforeEach(async () => {
  await caller.control('/reset', {});
  before = caller.simulator.contractViolations().length;
});

const fresh = () => caller.simulator.contractViolations().slice(before);
const openWith = (change: Record<string, unknown>, headers: Record<string, string> = {}) => {
  const deadline = caller.instant(10_000);
  return caller.v2(`/access-points/${ENTRANCE}/open`, {
    method: 'POST',
    headers: { 'idempotency-key': randomUUID(), 'expires-at': deadline, ...headers },
    body: { subjectRef: 'sr_b4Kq9xWm2T', unitId: UNIT, reason: 'app', deadline, ...change },
  });
};

test('a member that the contract does not know is refused, recorded, and opens nothing', async () => {
  const reply = await openWith({ phone: '+79160000012' });
  expect(reply).toMatchObject({
    status: 400,
    body: { code: 'invalid-request', detail: expect.stringContaining('phone') },
  });
  expect(fresh()).toEqual([
    {
      at: expect.any(String),
      side: 'request',
      apiVersion: 'v2',
      operationId: 'openAccessPoint',
      method: 'POST',
      path: `/api/v2/access-points/${ENTRANCE}/open`,
      status: null,
      findings: [expect.stringContaining('additional properties: phone')],
    },
  ]);
  expect(JSON.stringify([reply.body, fresh()])).not.toContain('79160000012');
  expect((await caller.control('/violations')).body).toMatchObject({ violations: expect.any(Array) });
  expect(await caller.counts()).toEqual({});
});

test.each([
  ['a missing member', () => openWith({ reason: undefined })],
  ['a value out of its range', () => openWith({ reason: 'curiosity' })],
  ['a key that is too short', () => openWith({}, { 'idempotency-key': 'short' })],
  ['another content type', () => openWith({}, { 'content-type': 'text/plain' })],
  ['an unknown query parameter', () => caller.v2('/sites?order=name')],
  ['a list of nothing', () => caller.v2('/access-points?ids=')],
  ['a page of a thousand', () => caller.v2('/sites?limit=1000')],
  ['an id of another shape', () => caller.v2('/units/17012')],
  ['half a document', () => caller.v2(`/access-points/${ENTRANCE}/open`, { method: 'POST', body: '{"unitId":' })],
])('%s is the client’s breach', async (_, call) => {
  expect((await call()).status).toBe(400);
  expect(fresh()).toMatchObject([{ side: 'request', apiVersion: 'v2' }]);
});

test('v1 is held to its document too', async () => {
  const call = { method: 'POST', body: { doorId: '0', flatId: 23007 } };
  expect(await caller.v1('/domophones/2301/open', call)).toMatchObject({ status: 400, body: { code: 400 } });
  expect(fresh()).toMatchObject([{ side: 'request', apiVersion: 'v1', operationId: 'openDoor' }]);
});

test('a path that the contract does not list is not found, and recorded', async () => {
  expect(await caller.v2('/doors')).toMatchObject({ status: 404, body: { code: 'not-found' } });
  expect(await caller.v1('/doors')).toMatchObject({ status: 404, body: { code: 404 } });
  expect(await caller.raw('/')).toMatchObject({ status: 404 });
  expect(fresh()).toMatchObject([{ operationId: null }, { operationId: null }, { apiVersion: null }]);
});

test('what is promised and not made yet is an honest 501', async () => {
  expect(await caller.v2(`/units/${UNIT}/cameras`)).toMatchObject({ status: 501, body: { code: 'not-implemented' } });
  expect(await caller.v1('/flats/23007/meters')).toMatchObject({ status: 501, body: { code: 501 } });
  expect(await caller.v2('/sites', { headers: { 'x-sandbox': '1' } })).toMatchObject({ status: 501 });
  expect(fresh()).toEqual([]);
});

test('another minor version is refused with the ones that are supported', async () => {
  const reply = await caller.v2('/sites', { headers: { 'api-version': '2031-01-01' } });
  expect(reply).toMatchObject({
    status: 400,
    headers: { 'api-version': '2026-06-01' },
    body: { code: 'version-not-supported', supportedVersions: ['2026-06-01'] },
  });
  expect((await caller.v2('/sites', { headers: { 'api-version': '2026-06-01' } })).status).toBe(200);
});

test('an answer that breaks the contract is found', async () => {
  const route = loadContract().routes.find('GET', `/api/v2/access-points/${ENTRANCE}`)?.route;
  if (!route) throw new Error('no such route');
  const { body, headers } = await caller.v2(`/access-points/${ENTRANCE}`);
  const check = (status: number, answer: unknown, sent: Record<string, string>) =>
    loadContract().checkAnswer(route, { status, headers: sent, mediaType: 'application/json', body: answer });
  const tag = { etag: String(headers.etag) };
  expect(check(200, body, tag)).toEqual([]);
  expect(check(200, body, {})).toMatchObject([{ at: 'headers/etag' }]);
  expect(check(200, { ...Object(body), kind: 'trapdoor' }, tag)).toMatchObject([{ at: 'body/kind' }]);
  expect(check(200, { ...Object(body), secret: 1 }, tag)).toMatchObject([{ rule: expect.stringContaining('secret') }]);
  expect(check(418, body, tag)).toMatchObject([{ at: 'status' }]);
});

test('a trace goes on where the caller began it', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  expect(at((await caller.v2('/units/unit_Nobody1', { headers })).body, 'traceId')).toBe(traceId);
  expect((await open(caller, { accessPointId: 'ap_Nobody1' })).status).toBe(404);
});
