import { later } from '@house/kernel/clock';
import { expect, test } from '@jest/globals';
import type { OperationRecord } from '../operations/operations.ts';
import { shareOf, type Tap } from './share-pulse.ts';

const NOW = new Date('2026-03-01T12:00:00Z');

/** Boris taps now, with ten seconds. */
const tap = (actuation: 'MOMENTARY' | 'TOGGLE', parts: Partial<Tap> = {}): Tap => ({
  subject: 'boris',
  premisesId: 'pr_2',
  at: NOW,
  deadline: later(NOW, 10_000),
  point: { actuation, holdMs: 10_000 },
  ...parts,
});

/** Anna tapped `agoMs` ago, with ten seconds. */
const open = (
  state: OperationRecord['state'],
  agoMs: number,
  parts: Partial<OperationRecord> = {},
): OperationRecord => ({
  id: 'op_1',
  kind: 'OPEN',
  state,
  subject: 'anna',
  premisesId: 'pr_1',
  objectId: 'ac_1',
  createdAt: later(NOW, -agoMs),
  deadline: later(NOW, 10_000 - agoMs),
  attempts: 1,
  finishedAt: null,
  errorCode: null,
  platformVersion: 'v2',
  follows: null,
  ...parts,
});
const own = (state: OperationRecord['state'], agoMs: number, parts: Partial<OperationRecord> = {}) =>
  open(state, agoMs, { subject: 'boris', premisesId: 'pr_2', ...parts });

const BOTH = ['MOMENTARY', 'TOGGLE'] as const;

test.each(BOTH)(
  "%s: a second tap within two seconds joins the person's running operation, and no later one",
  (point) => {
    for (const state of ['ACCEPTED', 'QUEUED', 'SENT'] as const) {
      expect(shareOf(tap(point), [own(state, 1_999)])).toEqual({ is: 'joins', id: 'op_1' });
      expect(shareOf(tap(point), [own(state, 2_000)]).is).toBe('follows');
    }
    for (const state of ['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED', 'UNKNOWN_OUTCOME'] as const)
      expect(shareOf(tap(point), [own(state, 500)]).is).not.toBe('joins');
  },
);

test.each(BOTH)("%s: nobody joins another person's operation, or their own for other premises", (point) => {
  expect(shareOf(tap(point), [open('SENT', 500)]).is).toBe('follows');
  expect(shareOf(tap(point), [own('SENT', 500, { premisesId: 'pr_3' })]).is).toBe('follows');
});

test.each(BOTH)('%s: what follows is joined by its person and followed by nobody', (point) => {
  const following = { id: 'op_2', follows: 'op_1' };
  expect(shareOf(tap(point), [own('SENT', 500, following)])).toEqual({ is: 'joins', id: 'op_2' });
  expect(shareOf(tap(point), [own('SENT', 3_000, following)]).is).toBe('leads');
});

test.each(BOTH)('%s: a tap follows an open that is still to be sent, however long it waits', (point) => {
  expect(shareOf(tap(point), [open('QUEUED', 9_500)]).is).toBe('follows');
});

test.each(BOTH)('%s: what ended without effect opens for nobody', (point) => {
  for (const state of ['FAILED', 'EXPIRED', 'CANCELLED'] as const)
    expect(shareOf(tap(point), [open(state, 500, { finishedAt: NOW })])).toEqual({ is: 'leads' });
});

test('a door that closes by itself is followed only while half of its hold is left, and opened anew after success', () => {
  expect(shareOf(tap('MOMENTARY'), [open('SENT', 4_999)]).is).toBe('follows');
  expect(shareOf(tap('MOMENTARY'), [open('SENT', 5_000)])).toEqual({ is: 'leads' });
  expect(shareOf(tap('MOMENTARY'), [open('SUCCEEDED', 900, { finishedAt: NOW })])).toEqual({ is: 'leads' });
  expect(shareOf(tap('MOMENTARY'), [open('UNKNOWN_OUTCOME', 900)])).toEqual({ is: 'leads' });
});

test('at a door that closes by itself nobody waits longer than they asked for', () => {
  const until = (deadlineMs: number) =>
    shareOf(tap('MOMENTARY', { deadline: later(NOW, 3_000) }), [
      open('QUEUED', 100, { deadline: later(NOW, deadlineMs) }),
    ]).is;
  expect(until(5_000)).toBe('follows');
  expect(until(5_001)).toBe('leads');
  expect(until(0)).toBe('leads');
});

test('a gate that toggles gets no second pulse while the first may still come, whoever asked for it until when', () => {
  const long = { deadline: later(NOW, 19_000) };
  expect(shareOf(tap('TOGGLE', { deadline: later(NOW, 3_000) }), [open('QUEUED', 1_000, long)]).is).toBe('follows');
  expect(shareOf(tap('TOGGLE'), [open('SENT', 9_999)]).is).toBe('follows');
});

test('a gate that toggles serves who taps before half of its hold is over', () => {
  const succeeded = (agoMs: number) =>
    shareOf(tap('TOGGLE'), [open('SUCCEEDED', agoMs + 100, { finishedAt: later(NOW, -agoMs) })]).is;
  expect(succeeded(4_999)).toBe('follows');
  expect(succeeded(5_000)).toBe('leads');
});

test('a pulse that became known long after it was made serves nobody who taps then', () => {
  const late = open('SUCCEEDED', 60_000, { finishedAt: later(NOW, -100) });
  expect(shareOf(tap('TOGGLE'), [late])).toEqual({ is: 'leads' });
});

test('a success that was long looked for serves nobody for whom its pulse may be over, and is not disturbed either', () => {
  const found = (createdAgoMs: number) =>
    shareOf(tap('TOGGLE'), [
      open('SUCCEEDED', createdAgoMs, { finishedAt: later(NOW, -3_000), deadline: later(NOW, 5_000) }),
    ]);
  expect(found(9_999).is).toBe('follows');
  expect(found(10_000)).toEqual({ is: 'busy', retryAfterMs: 10_000 });
});

test('a gate that may be moving is left alone, and the person is told when to try again', () => {
  const point = { actuation: 'TOGGLE', holdMs: 3_000 } as const;
  const busy = { is: 'busy', retryAfterMs: 3_000 };
  expect(shareOf(tap('TOGGLE', { point }), [open('SENT', 3_000)])).toEqual(busy);
  expect(shareOf(tap('TOGGLE', { point }), [open('UNKNOWN_OUTCOME', 12_999)])).toEqual(busy);
  expect(shareOf(tap('TOGGLE', { point }), [open('UNKNOWN_OUTCOME', 13_000)])).toEqual({ is: 'leads' });
  expect(shareOf(tap('TOGGLE', { point }), [open('UNKNOWN_OUTCOME', 12_999), open('QUEUED', 100)]).is).toBe('follows');
});

test('three seconds are assumed where the platform does not say for how long a pulse holds', () => {
  const point = { actuation: 'TOGGLE' } as const;
  const succeeded = (agoMs: number) =>
    shareOf(tap('TOGGLE', { point }), [open('SUCCEEDED', agoMs + 100, { finishedAt: later(NOW, -agoMs) })]).is;
  expect(succeeded(1_499)).toBe('follows');
  expect(succeeded(1_500)).toBe('leads');
});

test('a clock that is set back by an hour does not make a gate open, or busy, for everybody until it is there again', () => {
  const ahead = -3_600_000;
  for (const state of ['QUEUED', 'SENT', 'UNKNOWN_OUTCOME'] as const)
    expect(shareOf(tap('TOGGLE'), [open(state, ahead)])).toEqual({ is: 'leads' });
  const done = open('SUCCEEDED', ahead, { finishedAt: later(NOW, -ahead) });
  expect(shareOf(tap('TOGGLE'), [done])).toEqual({ is: 'leads' });
  expect(shareOf(tap('MOMENTARY'), [own('QUEUED', ahead)])).toEqual({ is: 'leads' });
});
