import { expect, test } from '@jest/globals';
import type { Counter, History, Operation } from './history.ts';
import { accepted, following, history, NOON, oldPulse, open, pulse, vehicles } from './oracle/hand-made.ts';
import { judge } from './oracle.ts';

/** The counters that are not 0. */
const found = (made: History): Partial<Record<Counter, number>> =>
  Object.fromEntries(Object.entries(judge(made).counts).filter(([, count]) => count > 0));

const A = { adds: true, plate: 'A' };
const B = { adds: true, plate: 'B' };
const WITHOUT_A = { adds: false, plate: 'A' };

test('a house that kept its promises is found to have kept them', () => {
  const [door, old] = [open('op_1'), open('op_2', { target: 'ap_old' })];
  const kept = history({
    operations: [door, old],
    intents: [accepted(door), accepted(old)],
    effects: [pulse('op_1'), oldPulse(NOON + 700)],
    shown: [
      { operationId: 'op_1', state: 'SENT', at: NOON + 100 },
      { operationId: 'op_1', state: 'SUCCEEDED', at: NOON + 1_100 },
    ],
  });
  expect(found(kept)).toEqual({});
});

test('an open that ended without an effect, or honestly unknown, is not lost', () => {
  for (const state of ['EXPIRED', 'FAILED', 'CANCELLED', 'UNKNOWN_OUTCOME'])
    expect(found(history({ operations: [open('op_1', { state })] }))).toEqual({});
});

test('an accepted answer without a row is lost', () => {
  expect(found(history({ intents: [accepted(open('op_gone'))] }))).toEqual({ lost: 1 });
});

test('an operation that never ends is lost', () => {
  for (const state of ['ACCEPTED', 'QUEUED', 'SENT'])
    expect(found(history({ operations: [open('op_1', { state, finishedAt: null })] }))).toEqual({ lost: 1 });
});

test('an operation that nobody delivers, or that is told otherwise than it is, is lost', () => {
  const effects = [pulse('op_1')];
  expect(found(history({ effects, operations: [open('op_1', { commandState: null })] }))).toEqual({ lost: 1 });
  expect(found(history({ effects, operations: [open('op_1', { commandState: 'SENT' })] }))).toEqual({ lost: 1 });
  expect(found(history({ effects, operations: [open('op_1', { shownState: 'QUEUED' })] }))).toEqual({ lost: 1 });
});

test('a final state that changes is a broken word', () => {
  const operations = [open('op_1')];
  const shown = [{ operationId: 'op_1', state: 'EXPIRED', at: NOON }];
  expect(found(history({ operations, effects: [pulse('op_1')], shown }))).toEqual({ lost: 1 });
});

test('a door that is said to have opened and did not is lost, with and without keys', () => {
  expect(found(history({ operations: [open('op_1')] }))).toEqual({ lost: 1 });
  expect(found(history({ operations: [open('op_1', { target: 'ap_old' })] }))).toEqual({ lost: 1 });
});

test('an open that follows another is served by its pulse, while the door is held open', () => {
  for (const target of ['ap_door', 'ap_old']) {
    const first = open('op_1', { target });
    const effects = [target === 'ap_old' ? oldPulse(NOON + 500) : pulse('op_1')];
    const served = (parts: Partial<Operation> = {}) =>
      found(history({ operations: [first, following(first, 'op_2', parts)], effects }));
    expect(served()).toEqual({});
    expect(served({ createdAt: NOON + 5_000, finishedAt: NOON + 5_000 })).toEqual({});
    expect(served({ createdAt: NOON + 60_000, finishedAt: NOON + 61_000 })).toEqual({ lost: 1 });
    // It says that it was opened before anything was.
    expect(served({ finishedAt: NOON + 400 })).toEqual({ lost: 1 });
  }
});

test('an open of its own is served by its own pulse alone, handed over or not', () => {
  const operations = [open('op_1'), open('op_2', { attempts: 0, subject: 'boris' })];
  expect(found(history({ operations, effects: [pulse('op_1')] }))).toEqual({ lost: 1 });
});

test('an open that follows another ends as that one does, and explains no pulse', () => {
  const first = open('op_1');
  const ends = (parts: Partial<Operation>, leader: Operation = first) =>
    found(history({ operations: [leader, following(leader, 'op_2', parts)], effects: [pulse('op_1')] }));
  expect(ends({ state: 'EXPIRED', finishedAt: NOON + 10_000 })).toEqual({ lost: 1 });
  expect(ends({ state: 'UNKNOWN_OUTCOME', finishedAt: null })).toEqual({ lost: 1 });
  expect(ends({ state: 'SENT', finishedAt: null })).toEqual({ lost: 1 });
  expect(ends({ commandState: 'SUCCEEDED' })).toEqual({ lost: 1 });
  expect(ends({ follows: 'op_gone' })).toEqual({ lost: 1 });
  expect(
    found(history({ operations: [first, following(first, 'op_2')], effects: [pulse('op_1'), pulse('op_2')] })),
  ).toEqual({
    duplicated: 1,
  });
  const old = open('op_1', { target: 'ap_old' });
  const effects = [oldPulse(NOON + 500), oldPulse(NOON + 700)];
  expect(found(history({ operations: [old, following(old, 'op_2')], effects }))).toEqual({ duplicated: 1 });
});

test('who followed an open that ended without effect may have run out of time, and nothing else', () => {
  for (const state of ['FAILED', 'EXPIRED', 'CANCELLED']) {
    const first = open('op_1', { state });
    const ends = (parts: Partial<Operation>) =>
      found(history({ operations: [first, following(first, 'op_2', parts)] }));
    expect(ends({ state: 'EXPIRED', deadline: NOON + 3_000, finishedAt: NOON + 3_100 })).toEqual({});
    expect(ends({ state: 'UNKNOWN_OUTCOME', finishedAt: null })).toEqual({ lost: 1 });
    expect(ends({ state: 'SUCCEEDED' })).toEqual({ lost: 2 });
  }
  const failed = open('op_1', { state: 'FAILED' });
  const early = following(failed, 'op_2', { state: 'EXPIRED', finishedAt: NOON + 1_000 });
  expect(found(history({ operations: [failed, early] }))).toEqual({ lost: 1 });
});

test('a gate that gets a second pulse while it opens was stopped, whoever asked for it', () => {
  const operations = [open('op_1', { target: 'ap_gate' }), open('op_2', { target: 'ap_gate', subject: 'boris' })];
  const pulses = (apartMs: number, target = 'ap_gate') => [
    pulse('op_1', { target }),
    pulse('op_2', { target, at: NOON + 500 + apartMs }),
  ];
  expect(found(history({ operations, effects: pulses(1_499) }))).toEqual({ duplicated: 1 });
  expect(found(history({ operations, effects: pulses(1_500) }))).toEqual({});
  const doors = operations.map((operation) => ({ ...operation, target: 'ap_door' }));
  expect(found(history({ operations: doors, effects: pulses(100, 'ap_door') }))).toEqual({});
});

test('two pulses under one key are a door that opened twice', () => {
  expect(found(history({ operations: [open('op_1')], effects: [pulse('op_1'), pulse('op_1')] }))).toEqual({
    duplicated: 1,
  });
});

test('a pulse under a key that is no operation is one that nobody asked for', () => {
  const effects = [pulse('op_1'), pulse('op_1:2')];
  expect(found(history({ operations: [open('op_1')], effects }))).toEqual({ duplicated: 1 });
});

test('two operations for one key are one too many', () => {
  const operations = [open('op_1'), open('op_2')];
  const intents = [accepted(open('op_1'), { operationIds: ['op_1', 'op_2', 'op_1'] })];
  expect(found(history({ operations, intents, effects: [pulse('op_1'), pulse('op_2')] }))).toEqual({ duplicated: 1 });
});

test('another input under a used key is refused, or nobody will ever do it', () => {
  const operations = [open('op_1')];
  const intents = [accepted(open('op_1'), { reusedAs: ['op_1'] })];
  expect(found(history({ operations, intents, effects: [pulse('op_1')] }))).toEqual({ lost: 1 });
});

test('a toggle is sent once; a token that was refused is no second sending', () => {
  const sending = { at: NOON, key: 'op_1', authorization: 'Bearer one', target: 'ap_gate' };
  const operations = [open('op_1', { target: 'ap_gate' })];
  const effects = [pulse('op_1', { target: 'ap_gate' })];
  const sent = (...sendings: (typeof sending)[]) => found(history({ operations, effects, sendings }));
  expect(sent(sending)).toEqual({});
  expect(sent(sending, { ...sending, authorization: 'Bearer two' })).toEqual({});
  expect(sent(sending, { ...sending, at: NOON + 900 })).toEqual({ duplicated: 1 });
  expect(sent({ ...sending, target: 'ap_door' }, { ...sending, target: 'ap_door', at: NOON + 900 })).toEqual({});
});

test('a platform that obeys deadlines never opens a millisecond after one', () => {
  const operations = [open('op_1', { state: 'UNKNOWN_OUTCOME' })];
  expect(found(history({ operations, effects: [pulse('op_1', { at: NOON + 10_000 })] }))).toEqual({});
  expect(found(history({ operations, effects: [pulse('op_1', { at: NOON + 10_001 })] }))).toEqual({ late: 1 });
});

test('an old platform may open a little after the deadline of what was sent in time, and no more', () => {
  const operations = [open('op_1', { target: 'ap_old', state: 'UNKNOWN_OUTCOME' })];
  expect(found(history({ operations, effects: [oldPulse(NOON + 10_400)] }))).toEqual({});
  expect(found(history({ operations, effects: [oldPulse(NOON + 13_000)] }))).toEqual({ late: 1 });
});

test('who stood still over the deadline may go on with what it had begun; long afterwards nobody may', () => {
  const operations = [open('op_1', { target: 'ap_old', state: 'UNKNOWN_OUTCOME' })];
  const standstills = [{ from: NOON + 9_000, to: NOON + 13_000 }];
  expect(found(history({ operations, standstills, effects: [oldPulse(NOON + 13_200)] }))).toEqual({});
  expect(found(history({ operations, standstills, effects: [oldPulse(NOON + 16_000)] }))).toEqual({ late: 1 });
});

test('what is done in the name of somebody whose right has ended is late', () => {
  const operations = [open('op_1')];
  const revoked = (at: number) =>
    found(
      history({
        operations,
        effects: [pulse('op_1', { at: NOON + 5_000 })],
        revocations: [{ subject: 'anna', premisesId: 'pr_1', at, until: NOON + 8_000 }],
      }),
    );
  expect(revoked(NOON + 4_500)).toEqual({});
  expect(revoked(NOON + 3_000)).toEqual({ late: 1 });
});

test('another person of the same flat keeps the right', () => {
  const revocations = [{ subject: 'anna', premisesId: 'pr_1', at: NOON, until: NOON + 60_000 }];
  const operations = [open('op_1', { subject: 'boris' })];
  expect(found(history({ operations, revocations, effects: [pulse('op_1', { at: NOON + 5_000 })] }))).toEqual({});
});

test('a door that is said not to have opened and did is worse than unknown', () => {
  for (const state of ['EXPIRED', 'FAILED', 'CANCELLED']) {
    const operations = [open('op_1', { state })];
    expect(found(history({ operations, effects: [pulse('op_1')] }))).toEqual({ falseNotOpened: 1 });
    const old = [open('op_1', { state, target: 'ap_old' })];
    expect(found(history({ operations: old, effects: [oldPulse(NOON + 500)] }))).toEqual({ falseNotOpened: 1 });
  }
});

test('without keys, a second pulse that nobody can have asked for is a duplicate', () => {
  const operations = [open('op_1', { target: 'ap_old' })];
  const effects = [oldPulse(NOON + 400), oldPulse(NOON + 900)];
  expect(found(history({ operations, effects }))).toEqual({ duplicated: 1 });
});

test('a gate that many flats share is counted once', () => {
  const shared = { target: 'ap_old', apiVersion: 'v1', toggle: true } as const;
  const operations = [open('op_1', { target: 'ap_old', state: 'EXPIRED' })];
  expect(found(history({ operations, points: [shared, shared], effects: [oldPulse(NOON + 500)] }))).toEqual({
    falseNotOpened: 1,
  });
});

test('without keys, a pulse is given to whoever can have had it, in favour of the house', () => {
  const operations = [
    open('op_1', { target: 'ap_old', state: 'UNKNOWN_OUTCOME' }),
    open('op_2', { target: 'ap_old', createdAt: NOON + 11_000 }),
    open('op_3', { target: 'ap_old', createdAt: NOON + 11_100, state: 'EXPIRED' }),
  ];
  // The first could have it too, but late; the third said that it had none.
  expect(found(history({ operations, effects: [oldPulse(NOON + 11_500)] }))).toEqual({});
});

test.each(['v1', 'v2'] as const)(
  '%s: vehicles that came and went in the order of their acceptance are in order',
  (version) => {
    const cars = [A, B, WITHOUT_A, A];
    expect(found(vehicles(version, cars, { done: [0, 1, 2, 3], plates: ['B', 'A'] }))).toEqual({});
  },
);

test.each(['v1', 'v2'] as const)(
  '%s: a removal that was done before an earlier addition is out of order',
  (version) => {
    const cars = [A, B, WITHOUT_A];
    expect(found(vehicles(version, cars, { done: [0, 2, 1], plates: ['B'] }))).toEqual({ outOfOrder: 1 });
  },
);

test.each(['v1', 'v2'] as const)('%s: a list that the sequence does not give is out of order', (version) => {
  expect(found(vehicles(version, [A, B], { done: [0, 1], plates: ['B', 'A'] }))).toEqual({ outOfOrder: 1 });
  expect(found(vehicles(version, [A, B], { done: [0, 1], plates: ['A'] }))).toEqual({ outOfOrder: 1 });
});

test.each(['v1', 'v2'] as const)('%s: an addition that is SUCCEEDED and never happened is lost', (version) => {
  expect(found(vehicles(version, [A, B], { done: [0], plates: ['A'] }))).toEqual({ lost: 1 });
});

test.each(['v1', 'v2'] as const)('%s: a vehicle that was added twice is a duplicate', (version) => {
  expect(found(vehicles(version, [A, B], { done: [0, 1, 1], plates: ['A', 'B', 'B'] }))).toEqual({ duplicated: 1 });
});

test.each(['v1', 'v2'] as const)('%s: an addition that is FAILED and happened was not honest', (version) => {
  const cars = [A, { ...B, state: 'FAILED' }];
  expect(found(vehicles(version, cars, { done: [0], plates: ['A'] }))).toEqual({});
  expect(found(vehicles(version, cars, { done: [0, 1], plates: ['A', 'B'] }))).toEqual({ falseNotOpened: 1 });
});

test.each(['v1', 'v2'] as const)('%s: what nobody knows of excuses either end', (version) => {
  const cars = [A, { ...B, state: 'UNKNOWN_OUTCOME' }];
  expect(found(vehicles(version, cars, { done: [0], plates: ['A'] }))).toEqual({});
  expect(found(vehicles(version, cars, { done: [0, 1], plates: ['A', 'B'] }))).toEqual({});
});

test('what is on the list already needs no second effect', () => {
  expect(found(vehicles('v2', [A, A], { done: [0], plates: ['A'] }))).toEqual({});
});

test('a vehicle that was added after the right to it had ended is late, one that was taken back is not', () => {
  const revocations = [{ subject: 'anna', premisesId: 'pr_1', at: NOON - 5_000, until: NOON + 60_000 }];
  expect(found({ ...vehicles('v2', [A], { done: [0], plates: ['A'] }), revocations })).toEqual({ late: 1 });
  const taken = vehicles('v2', [A, WITHOUT_A], { done: [0, 1], plates: [] });
  expect(found({ ...taken, revocations })).toEqual({ late: 1 });
});
