import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, each, type Reply, startCaller, textAt } from '../test/caller.ts';
import { addPermit, ended, PERMIT, UNIT } from '../test/requests.ts';

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());
beforeEach(() => caller.control('/reset', {}));

const ADDED = { [`plate.add:${UNIT}`]: 1 };

const added = async (): Promise<{ path: string; etag: string; permit: Reply }> => {
  const operation = await ended(caller, await addPermit(caller));
  const path = `/vehicle-permits/${textAt(operation.body, 'result', 'vehiclePermitId')}`;
  const permit = await caller.v2(path);
  return { path, etag: String(permit.headers.etag), permit };
};
const change = (path: string, method: string, etag?: string, body?: unknown) =>
  caller.v2(path, {
    method,
    headers: {
      'idempotency-key': randomUUID(),
      ...(etag === undefined ? {} : { 'if-match': etag }),
      ...(body === undefined ? {} : { 'content-type': 'application/merge-patch+json' }),
    },
    body,
  });

test('a permit is promised, then there, and its operation leads to it', async () => {
  const accepted = await addPermit(caller);
  expect(accepted).toMatchObject({ status: 202, body: { kind: 'plate.add', state: 'accepted' } });
  const operation = await ended(caller, accepted);
  const id = textAt(operation.body, 'result', 'vehiclePermitId');
  expect(operation).toMatchObject({ status: 303, headers: { location: `/api/v2/vehicle-permits/${id}` } });
  expect(await caller.v2(`/vehicle-permits/${id}`)).toMatchObject({
    status: 200,
    body: {
      ...PERMIT,
      id,
      unitId: UNIT,
      provisioning: [{ accessPointId: 'ap_Zk8mL6', state: 'applied', error: null }],
    },
  });
  expect(await caller.counts()).toEqual(ADDED);
});

test('the same key adds one permit, another key adds another', async () => {
  const key = randomUUID();
  const first = await ended(caller, await addPermit(caller, PERMIT, key));
  expect((await addPermit(caller, PERMIT, key)).body).toMatchObject({ id: at(first.body, 'id'), state: 'succeeded' });
  expect(await caller.counts()).toEqual(ADDED);
  expect(await addPermit(caller, { ...PERMIT, autoOpen: false }, key)).toMatchObject({
    status: 422,
    body: { code: 'idempotency-key-reused' },
  });
  await ended(caller, await addPermit(caller));
  expect(await caller.counts()).toEqual({ [`plate.add:${UNIT}`]: 2 });
});

test('a plate that is none of its country is refused, and nothing is stored', async () => {
  const body = { ...PERMIT, plate: { country: 'RU', canonical: 'ZZZ99' } };
  expect(await addPermit(caller, body)).toMatchObject({ status: 422, body: { code: 'plate-invalid' } });
  expect(at((await caller.v2(`/units/${UNIT}/vehicle-permits`)).body, 'items')).toEqual([]);
});

test('points of a neighbour are not found', async () => {
  expect((await addPermit(caller, { ...PERMIT, points: ['ap_Cf3qN7'] })).status).toBe(404);
});

test('who changes must know what is there', async () => {
  const { path, etag } = await added();
  const terms = { autoOpen: false };
  expect(await change(path, 'PATCH', undefined, terms)).toMatchObject({
    status: 428,
    body: { code: 'precondition-required' },
  });
  const changed = await change(path, 'PATCH', etag, terms);
  expect(changed).toMatchObject({ status: 200, body: { autoOpen: false } });
  expect(await change(path, 'PATCH', etag, terms)).toMatchObject({
    status: 412,
    body: { code: 'precondition-failed' },
  });
  expect((await change(path, 'DELETE', etag)).status).toBe(412);
  expect((await caller.v2(path, { headers: { 'if-none-match': String(changed.headers.etag) } })).status).toBe(304);
  expect(await caller.counts()).toEqual(ADDED);
});

test('a removed permit is gone for good, and the same request again removes nothing', async () => {
  const { path, etag } = await added();
  const headers = { 'idempotency-key': randomUUID(), 'if-match': etag };
  const removed = await ended(caller, await caller.v2(path, { method: 'DELETE', headers }));
  expect(removed).toMatchObject({ status: 200, body: { kind: 'plate.remove', state: 'succeeded' } });
  const again = await caller.v2(path, { method: 'DELETE', headers });
  expect(again).toMatchObject({ status: 202, body: { id: at(removed.body, 'id') } });
  expect(await caller.v2(path)).toMatchObject({ status: 410, body: { code: 'gone' } });
  expect((await change(path, 'DELETE', etag)).status).toBe(410);
  expect(await caller.counts()).toEqual({ ...ADDED, [`plate.remove:${UNIT}`]: 1 });
});

test('a barrier that is offline gets the plate when it is back', async () => {
  await caller.control('/devices/ap_Zk8mL6', { connectivity: 'offline' });
  const { path, permit } = await added();
  expect(permit.body).toMatchObject({ provisioning: [{ state: 'queued' }] });
  await caller.control('/devices/ap_Zk8mL6', { connectivity: 'online' });
  expect((await caller.v2(path)).body).toMatchObject({ provisioning: [{ state: 'applied' }] });
});

test('a list is walked by its cursor', async () => {
  for (const canonical of ['A001AA77', 'A002AA77', 'A003AA77'])
    await ended(caller, await addPermit(caller, { ...PERMIT, plate: { country: 'RU', canonical } }));
  const path = `/units/${UNIT}/vehicle-permits?limit=2`;
  const first = await caller.v2(path);
  const second = await caller.v2(`${path}&cursor=${encodeURIComponent(textAt(first.body, 'next'))}`);
  const plates = [...each(at(first.body, 'items'), 'plate'), ...each(at(second.body, 'items'), 'plate')];
  expect(each(plates, 'canonical')).toEqual(['A001AA77', 'A002AA77', 'A003AA77']);
  expect(at(second.body, 'next')).toBeNull();
  expect((await caller.v2(`${path}&cursor=made-up`)).status).toBe(400);
});

test('the simulator’s own answers kept to the contract', () => {
  expect(caller.simulator.contractViolations().filter(({ side }) => side === 'answer')).toEqual([]);
});
