import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Caller, type CallerOptions, startCaller, textAt } from '../test/caller.ts';
import { addPermit, ENTRANCE, ended, open, openV1, PERMIT } from '../test/requests.ts';

let stateDirectory: string;
let caller: Caller;
const start = async (options: CallerOptions = {}): Promise<Caller> => {
  caller = await startCaller({ stateDirectory, ...options });
  return caller;
};
/** What is under way is never finished by the one that is stopped. */
const startAgain = async (options?: CallerOptions): Promise<Caller> => {
  await caller.close();
  return start(options);
};
beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'platform-state-'));
});
afterEach(async () => {
  await caller.close();
  rmSync(stateDirectory, { recursive: true, force: true });
});

const ENDED = new Set(['succeeded', 'failed', 'expired', 'cancelled']);
const endOf = async (key: string): Promise<string> => {
  const reply = await caller.until(`/operations/by-key/${key}`, ({ body }) => ENDED.has(textAt(body, 'state')));
  return textAt(reply.body, 'state');
};

test('a promise outlives the platform: in time it is kept, late it expires, and on profile B it is kept late', async () => {
  await start({ deviceLatencyMs: 60_000 });
  const [early, late, whenever] = [randomUUID(), randomUUID(), randomUUID()];
  await open(caller, { key: early, deadlineMs: 60_000 });
  await open(caller, { key: late, deadlineMs: 5_000 });
  await caller.control('/profile', { profile: 'B' });
  await open(caller, { key: whenever, deadlineMs: 5_000 });
  await startAgain({ aheadMs: 10_000 });
  expect([await endOf(early), await endOf(late), await endOf(whenever)]).toEqual(['succeeded', 'expired', 'succeeded']);
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 2 });
  await startAgain();
  expect([await endOf(early), await endOf(late), await endOf(whenever)]).toEqual(['succeeded', 'expired', 'succeeded']);
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 2 });
});

test('what was cancelled stays cancelled', async () => {
  await start({ deviceLatencyMs: 60_000 });
  const key = randomUUID();
  const id = textAt((await open(caller, { key })).body, 'id');
  await caller.v2(`/operations/${id}/cancel`, { method: 'POST' });
  await startAgain();
  expect(await endOf(key)).toBe('cancelled');
  await ended(caller, await open(caller));
  expect(await caller.counts()).toEqual({ [`open:${ENTRANCE}`]: 1 });
});

test('a change that was answered at once is answered so again', async () => {
  await start();
  const added = await ended(caller, await addPermit(caller));
  const path = `/vehicle-permits/${textAt(added.body, 'result', 'vehiclePermitId')}`;
  const headers = {
    'idempotency-key': randomUUID(),
    'if-match': String((await caller.v2(path)).headers.etag),
    'content-type': 'application/merge-patch+json',
  };
  const change = { method: 'PATCH', headers, body: { autoOpen: false } };
  const first = await caller.v2(path, change);
  expect(first).toMatchObject({ status: 200, body: { ...PERMIT, autoOpen: false } });
  await startAgain();
  const again = await caller.v2(path, change);
  expect(again).toMatchObject({ status: 200, body: first.body });
  expect(again.headers.etag).toBe(first.headers.etag);
});

test('keys are known for seven days, over a restart too', async () => {
  await start();
  const key = randomUUID();
  await ended(caller, await open(caller, { key }));
  const days = (count: number) => count * 24 * 60 * 60 * 1000;
  await startAgain({ aheadMs: days(7) - 60_000 });
  expect((await caller.v2(`/operations/by-key/${key}`)).status).toBe(200);
  expect(await open(caller, { key })).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
});

test('the week before the first start stays the week before, however late the next one is', async () => {
  await start();
  const week = (await caller.v1('/flats/23007/events/days')).body;
  await startAgain({ aheadMs: 3 * 24 * 60 * 60 * 1000 });
  expect((await caller.v1('/flats/23007/events/days')).body).toEqual(week);
});

test('a reset forgets for good', async () => {
  await start({ deviceLatencyMs: 60_000 });
  await open(caller);
  await caller.control('/profile', { profile: 'C' });
  await caller.control('/reset', {});
  await startAgain();
  expect((await openV1(caller)).status).toBe(204);
  await startAgain();
  expect(await caller.counts()).toEqual({ 'open:ap_Qy2vA8': 1 });
  const key = randomUUID();
  await ended(caller, await open(caller, { key }));
  expect((await caller.v2(`/operations/by-key/${key}`)).status).toBe(200);
});
