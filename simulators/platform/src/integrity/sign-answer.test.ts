import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadContract } from '../contract/contract.ts';
import { breachOf } from '../test/breach.ts';
import { at, type Caller, type Reply, startCaller } from '../test/caller.ts';
import { addPermit, ENTRANCE, ended, open, UNIT } from '../test/requests.ts';

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
  await caller.v2('/sites');
});
afterAll(() => caller.close());

const IDS: Readonly<Record<string, string>> = {
  id: 'id_Ab12Cd34',
  key: 'key-of-nobody-0001',
  subjectRef: 'sr_b4Kq9xWm2T',
  ref: 'sr_b4Kq9xWm2T',
};
const v2Routes = () => loadContract().routes.all.filter(({ template }) => template.startsWith('/api/v2/'));

test('every operation of the contract answers under a signature that node:crypto verifies by hand', async () => {
  const seen: Reply[] = [];
  for (const { method, template } of v2Routes()) {
    const path = template.replace('/api/v2', '').replace(/\{(\w+)\}/g, (_, name) => IDS[name] ?? IDS.id ?? '');
    const call = { method, ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }), looksAtBreach: true };
    seen.push(await caller.v2(path, call));
  }
  expect(seen.map(({ breach }) => breach)).toEqual(v2Routes().map(() => null));
  expect(seen.length).toBeGreaterThan(50);
});

test('so does every status: done, promised, empty, not changed, elsewhere, refused, broken', async () => {
  const subject = `/units/${UNIT}/subjects/sr_b4Kq9xWm2T`;
  const promised = await addPermit(caller);
  await caller.until(`/operations/${at(promised.body, 'id')}`, ({ status }) => status === 303);
  const permit = `/vehicle-permits/${at((await ended(caller, promised)).body, 'result', 'vehiclePermitId')}`;
  const { headers } = await caller.v2(permit);
  const tag = { 'if-none-match': String(headers.etag) };
  await caller.control('/faults', { match: { path: '/limits' }, kind: '429', times: 1 });
  await caller.control('/faults', { match: { path: '/health' }, kind: '500-before', times: 1 });
  await caller.control('/faults', { match: { path: '/openapi' }, kind: '503', times: 1 });
  await caller.control('/faults', { match: { path: '/sites' }, kind: '200-text', times: 1 });
  const replies = [
    await caller.v2(permit, { headers: tag }),
    await caller.v2(permit, { method: 'DELETE', headers: { 'idempotency-key': 'a-key-of-this-test' } }),
    await caller.v2(subject, { method: 'DELETE' }),
    await open(caller, { accessPointId: 'ap_Nobody1' }),
    await caller.v2('/limits'),
    await caller.v2('/health'),
    await caller.v2('/openapi.json'),
    await caller.v2('/sites'),
    await caller.v2('/sites?limit=0'),
    await caller.v2(`/access-points/${ENTRANCE}/open`, { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) }),
  ];
  expect(replies.map(({ status }) => status)).toEqual([304, 428, 204, 404, 429, 500, 503, 200, 400, 413]);
  expect(replies.map(({ breach }) => breach)).toEqual(replies.map(() => null));
});

test('the refusal of a request that has no digest is bound to its method and its path', async () => {
  const { 'content-digest': _, ...headers } = (await caller.prepare('/sites')).headers;
  const reply = await caller.send({ ...(await caller.prepare('/sites')), headers });
  expect(reply).toMatchObject({ status: 401, breach: null });
  expect(reply.headers['signature-input']).toMatch(
    /^platform=\("@status" "content-digest" "@method";req "@path";req\);created=/,
  );
});

test('an answer is that of one request: neither another path nor another body has the same', async () => {
  const request = await caller.prepare('/sites/17');
  const reply = await caller.send(request);
  const { keys } = caller.certificates.signingKeys;
  expect(breachOf(reply, request, keys)).toBeNull();
  const others = [
    { ...request, url: request.url.replace('17', '31') },
    { ...request, method: 'POST' },
    { ...request, headers: { ...request.headers, 'content-digest': 'sha-256=:AAAA:' } },
  ];
  for (const other of others) expect(breachOf(reply, other, keys)).toBe('the signature does not verify');
  expect(breachOf({ ...reply, status: 204 }, request, keys)).toBe('the signature does not verify');
  expect(breachOf({ ...reply, text: `${reply.text} ` }, request, keys)).toBe('Content-Digest is not that of the body');
});

test('v1 and the discovery document carry no signature', async () => {
  for (const reply of [await caller.v1('/houses'), await caller.raw('/.well-known/smart-home-platform')])
    expect([reply.status, reply.headers.signature, reply.headers['content-digest']]).toEqual([
      200,
      undefined,
      undefined,
    ]);
});
