import { later } from '@house/kernel/clock';
import { expect, test } from '@jest/globals';
import type { PlatformAnswer } from '../client.ts';
import { faultOf, PlatformFault } from '../faults.ts';
import type { OpenOrder } from '../platform.ts';
import { createOpenOutcome } from './open-outcome.ts';
import type { V2Session } from './session.ts';

const SENT = new Date('2026-03-01T12:00:00Z');
const signal = new AbortController().signal;
const order = (overrides: Partial<OpenOrder> = {}): OpenOrder => ({
  key: 'op_1',
  unit: { siteId: 17, unitId: 'unit_1', flatId: 12 },
  accessPoint: { v2: 'ap_1' },
  actuation: 'MOMENTARY',
  subjectRef: 'sr_1',
  notAfter: later(SENT, 10_000),
  attempts: 1,
  sentAt: SENT,
  operationRef: null,
  others: async () => [],
  ...overrides,
});

const A = ['operations.keys', 'operations.deadlines'];
const B = ['operations.keys', 'something.new'];
const C: string[] = [];
const BY_KEY = '/operations/by-key/op_1';
const BY_REF = '/operations/po_1';
const SITE = '/sites/17';

/** A platform that answers by path: with the answers in turn, and the last one from then on. 404 is what it does not know. */
const platform = (features: string[], answers: Record<string, unknown[]> = {}) => {
  const asked: string[] = [];
  let now = later(SENT, 2_000);
  const queues: Record<string, unknown[]> = { [SITE]: [{ features }], ...answers };
  const session: V2Session = {
    clock: () => now,
    call: async ({ path }): Promise<PlatformAnswer> => {
      asked.push(path);
      const queue = queues[path] ?? [];
      const body = queue.length > 1 ? queue.shift() : queue[0];
      if (typeof body === 'number' || body === undefined) throw new PlatformFault(faultOf(body ?? 404, 'not-found'));
      return { status: 200, headers: {}, text: JSON.stringify(body) };
    },
    health: async () => undefined,
  };
  const outcome = createOpenOutcome(session, async () => undefined);
  return {
    asked,
    at: (milliseconds: number, overrides: Partial<OpenOrder> = {}) => {
      now = later(SENT, milliseconds);
      return outcome(order(overrides), signal);
    },
  };
};
const operation = (state: string) => ({ id: 'po_1', state });

test('with keys and deadlines, no trace of a door is the end of it once its time is over, and a reason to repeat before', async () => {
  const { at } = platform(A);
  expect(await at(2_000)).toMatchObject({ is: 'not-taken', repeatable: true, mayStillArrive: true });
  expect(await at(10_000)).toMatchObject({ is: 'not-taken', mayStillArrive: false });
});

test('with keys alone it may be repeated, but is over only when nothing can be on its way any more', async () => {
  const { at } = platform(B);
  expect(await at(2_000)).toMatchObject({ is: 'not-taken', repeatable: true, mayStillArrive: true });
  expect(await at(14_999)).toMatchObject({ is: 'not-taken', mayStillArrive: true });
  expect(await at(15_000)).toMatchObject({ is: 'not-taken', mayStillArrive: false });
});

test('with keys alone a platform that thaws while it is asked is looked at twice', async () => {
  const { at } = platform(B, { [BY_KEY]: [404, operation('succeeded')] });
  expect(await at(30_000)).toEqual({ is: 'succeeded' });
});

test('without keys a door is never repeated, and nobody will ever tell', async () => {
  for (const features of [C, ['operations.deadlines']])
    for (const milliseconds of [2_000, 60_000])
      expect(await platform(features).at(milliseconds)).toEqual({ is: 'ambiguous', next: 'nothing' });
});

test('the same goes for a building that this version does not serve any more', async () => {
  expect(await platform(A, { [SITE]: [404] }).at(2_000)).toEqual({ is: 'ambiguous', next: 'nothing' });
});

test('without keys the platform is asked by its own name of the operation', async () => {
  const { at, asked } = platform(C, { [BY_REF]: [operation('running'), operation('succeeded')] });
  expect(await at(2_000, { operationRef: 'po_1' })).toMatchObject({ is: 'pending' });
  expect(await at(4_000, { operationRef: 'po_1' })).toEqual({ is: 'succeeded' });
  expect(asked).toEqual([BY_REF, BY_REF]);
});

test('a name that the platform has forgotten leaves the key to ask by', async () => {
  const { at, asked } = platform(A, { [BY_KEY]: [operation('succeeded')] });
  expect(await at(2_000, { operationRef: 'po_1' })).toEqual({ is: 'succeeded' });
  expect(asked).toEqual([BY_REF, BY_KEY]);
});

test('what a site keeps is asked anew, and only when there is no trace', async () => {
  const { at, asked } = platform(A, { [BY_KEY]: [operation('running'), 404] });
  await at(2_000);
  expect(asked).toEqual([BY_KEY]);
  await at(3_000);
  await at(4_000);
  expect(asked.filter((path) => path === SITE)).toHaveLength(2);
});

test('a site that does not say what it keeps is asked again later', async () => {
  for (const answer of [503, { features: 'all' }])
    expect(await platform(A, { [SITE]: [answer] }).at(2_000)).toEqual({ is: 'ambiguous', next: 'ask' });
});

test('what must not be pulsed twice is not repeated, whatever the site keeps', async () => {
  for (const features of [A, B])
    expect(await platform(features).at(2_000, { actuation: 'TOGGLE' })).toMatchObject({ repeatable: false });
});

test('a door of which the platform knows only that its device did not answer in time stays unknown, and is not called failed', async () => {
  const failed = (slug: string) => ({
    ...operation('failed'),
    problem: { type: `https://errors.smart-home.example/${slug}`, status: 504 },
  });
  const after = (slug: string) => platform(A, { [BY_KEY]: [failed(slug)] }).at(2_000);
  expect(await after('upstream-timeout')).toEqual({ is: 'ambiguous', next: 'nothing' });
  expect(await after('device-offline')).toEqual({ is: 'failed', code: 'DEVICE_OFFLINE' });
});
