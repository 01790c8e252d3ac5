import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Caller, startCaller, textAt } from '../test/caller.ts';
import { ended, open } from '../test/requests.ts';

/** Long enough that a cancellation always comes before the effect. */
const DEVICE_LATENCY_MS = 300;

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller({ deviceLatencyMs: DEVICE_LATENCY_MS });
});
afterAll(() => caller.close());
beforeEach(() => caller.control('/reset', {}));

const cancel = (id: string) => caller.v2(`/operations/${id}/cancel`, { method: 'POST' });

test('what was cancelled in time never happens, and a second cancellation is answered as the first', async () => {
  const id = textAt((await open(caller)).body, 'id');
  expect(await cancel(id)).toMatchObject({ status: 200, body: { state: 'cancelled', result: null } });
  expect(await cancel(id)).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  // A later opening has come to its end: the cancelled one would have by now.
  await ended(caller, await open(caller));
  expect(await caller.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
  expect((await caller.v2(`/operations/${id}`)).body).toMatchObject({ state: 'cancelled' });
});

test('between promise and effect an operation is running', async () => {
  const accepted = await open(caller);
  expect(accepted.body).toMatchObject({ state: 'accepted', finishedAt: null });
  const reply = await caller.v2(`/operations/${textAt(accepted.body, 'id')}`);
  expect(reply.body).toMatchObject({ state: 'running', finishedAt: null });
});

test('what has happened can’t be cancelled', async () => {
  const done = await ended(caller, await open(caller));
  expect(await cancel(textAt(done.body, 'id'))).toMatchObject({ status: 409, body: { code: 'state-conflict' } });
});

test('an operation of before a reset is unknown, and its effect is in nobody’s ledger', async () => {
  const id = textAt((await open(caller)).body, 'id');
  await caller.control('/reset', {});
  expect((await caller.v2(`/operations/${id}`)).status).toBe(404);
  await ended(caller, await open(caller));
  expect(await caller.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
  expect(caller.simulator.contractViolations()).toEqual([]);
});
