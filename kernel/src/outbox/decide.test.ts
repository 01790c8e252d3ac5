import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { later } from '../clock.ts';
import { CLASSES, RETRY_AFTER_LIMIT_MS } from './classes.ts';
import { type Decision, decide, isUncertain, mayStillSend, type Outcome, outOfTime } from './decide.ts';
import type { Command } from './outbox.ts';

const START = new Date('2026-03-01T12:00:00Z');

const command = (overrides: Partial<Command> = {}): Command => ({
  id: 'op_1',
  kind: 'OPEN',
  class: 'moment',
  orderKey: null,
  body: {},
  createdAt: START,
  notAfter: later(START, 10_000),
  phase: 'send',
  attempts: 1,
  uncertain: false,
  sentAt: null,
  leaseToken: 1,
  ...overrides,
});

test('a door that could not be reached is tried again until its deadline and then expires, with nothing opened', () => {
  const unreachable: Outcome = { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' };
  expect(decide(command(), unreachable, later(START, 500), 0.5)).toMatchObject({
    then: 'again',
    phase: 'send',
    state: 'QUEUED',
  });
  expect(decide(command(), unreachable, later(START, 9_900), 0.5)).toEqual({
    then: 'finish',
    state: 'EXPIRED',
    code: 'PLATFORM_UNAVAILABLE',
  });
});

test('a backoff that would outlast the deadline ends at the deadline', () => {
  const decision = decide(
    command({ attempts: 20 }),
    { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' },
    later(START, 9_500),
    1,
  );
  expect(decision).toMatchObject({ then: 'again', at: later(START, 10_000) });
});

test('a door that may have opened is asked about, shown as unknown after the deadline, and never as failed', () => {
  const lost: Outcome = { is: 'ambiguous', next: 'ask' };
  expect(decide(command(), lost, later(START, 1_500), 0.5)).toMatchObject({
    then: 'again',
    phase: 'confirm',
    state: 'SENT',
  });
  expect(decide(command({ phase: 'confirm' }), lost, later(START, 10_001), 0.5)).toMatchObject({
    phase: 'confirm',
    state: 'UNKNOWN_OUTCOME',
  });
});

test('a door that cannot be asked about stays unknown for good', () => {
  expect(decide(command(), { is: 'ambiguous', next: 'nothing' }, later(START, 1_500), 0.5)).toEqual({
    then: 'finish',
    state: 'UNKNOWN_OUTCOME',
    code: 'OUTCOME_UNKNOWN',
  });
});

test('what must not be repeated is not sent again when the platform is busy', () => {
  const busy: Outcome = { is: 'not-taken', code: 'ACCESS_POINT_BUSY', repeatable: false };
  expect(decide(command(), busy, later(START, 500), 0.5)).toEqual({
    then: 'finish',
    state: 'FAILED',
    code: 'ACCESS_POINT_BUSY',
  });
});

test('no trace of a request that was once sent is believed only after the deadline is surely over', () => {
  const noTrace: Outcome = { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: false };
  expect(decide(command({ phase: 'confirm' }), noTrace, later(START, 5_000), 0.5)).toMatchObject({
    then: 'again',
    phase: 'confirm',
  });
  expect(decide(command({ phase: 'confirm' }), noTrace, later(START, 11_001), 0.5)).toMatchObject({
    then: 'finish',
    state: 'EXPIRED',
  });
});

test('a write whose answer was lost goes out again under the same key', () => {
  const write = command({ class: 'write', notAfter: later(START, CLASSES.write.lifeMs) });
  expect(decide(write, { is: 'ambiguous', next: 'repeat' }, later(START, 4_000), 0.5)).toMatchObject({
    then: 'again',
    phase: 'send',
    state: 'SENT',
  });
});

test('a write that was not taken for a day is told as not delivered', () => {
  const write = command({ class: 'write', notAfter: later(START, CLASSES.write.lifeMs) });
  expect(decide(write, { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' }, write.notAfter, 0.5)).toEqual({
    then: 'finish',
    state: 'FAILED',
    code: 'NOT_DELIVERED',
  });
});

test('a write whose answers are lost until its day is over is told as not delivered, and lets the next one go', () => {
  const write = command({ class: 'write', notAfter: later(START, CLASSES.write.lifeMs), uncertain: true });
  expect(decide(write, { is: 'ambiguous', next: 'repeat' }, write.notAfter, 0.5)).toEqual({
    then: 'finish',
    state: 'FAILED',
    code: 'NOT_DELIVERED',
  });
});

test('a door that the platform itself found too late is expired, not failed', () => {
  const tooLate: Outcome = { is: 'not-taken', code: 'DEADLINE_PASSED', repeatable: false };
  expect(decide(command(), tooLate, later(START, 500), 0.5)).toMatchObject({ state: 'EXPIRED' });
});

test('the older a question is the seldomer it is asked, and a thawed platform still tells within five seconds', () => {
  const lost: Outcome = { is: 'ambiguous', next: 'ask' };
  const waitAt = (ageMs: number): number => {
    const now = later(START, ageMs);
    const decision = decide(command({ phase: 'confirm' }), lost, now, 0.5);
    return decision.then === 'again' ? decision.at.getTime() - now.getTime() : Number.NaN;
  };
  expect(waitAt(1_000)).toBeLessThanOrEqual(250);
  expect(waitAt(120_000)).toBeLessThanOrEqual(5_000);
  expect(waitAt(60 * 60_000)).toBe(60_000);
});

test('a receiver that says when to come back is believed, up to an hour', () => {
  const write = command({ class: 'write', notAfter: later(START, CLASSES.write.lifeMs) });
  const busyFor = (retryAfterMs: number): Outcome => ({
    is: 'not-taken',
    code: 'PLATFORM_UNAVAILABLE',
    repeatable: true,
    retryAfterMs,
  });
  expect(decide(write, busyFor(7_000), START, 0)).toMatchObject({ at: later(START, 7_000) });
  expect(decide(write, busyFor(7 * RETRY_AFTER_LIMIT_MS), START, 0)).toMatchObject({
    at: later(START, RETRY_AFTER_LIMIT_MS),
  });
});

test('a receiver that is well again after an hour is not left alone for longer than the class allows', () => {
  const unreachable: Outcome = { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' };
  const waitAt = (commandClass: Command['class'], ageMs: number): number => {
    const tried = command({ class: commandClass, attempts: 40, notAfter: later(START, CLASSES.write.lifeMs) });
    const decision = decide(tried, unreachable, later(START, ageMs), 1);
    return decision.then === 'again' ? decision.at.getTime() - START.getTime() - ageMs : Number.NaN;
  };
  expect(waitAt('write', 5_000)).toBe(1_000);
  expect(waitAt('write', 50_000)).toBe(5_000);
  expect(waitAt('write', 3_600_000)).toBe(30_000);
  expect(waitAt('safety', 3_600_000)).toBe(5_000);
});

test.each<Command['class']>(['safety', 'compliance'])('%s goes on past its term, refused or not', (commandClass) => {
  const late = command({ class: commandClass });
  for (const outcome of [
    { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' },
    { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true },
    { is: 'ambiguous', next: 'repeat' },
    { is: 'failed', code: 'REFUSED_BY_PLATFORM' },
  ] as Outcome[])
    expect(decide(late, outcome, later(START, 400 * 86_400_000), 0.5)).toMatchObject({ then: 'again', phase: 'send' });
});

test('a door that left no trace is sent once more, not again and again', () => {
  const noTrace: Outcome = { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true };
  const phaseAfter = (attempts: number): string => {
    const decision = decide(command({ phase: 'confirm', attempts }), noTrace, later(START, 2_000), 0.5);
    return decision.then === 'again' ? decision.phase : decision.state;
  };
  expect([1, 2, 3].map(phaseAfter)).toEqual(['send', 'confirm', 'confirm']);
});

test('a question is not asked sooner than it makes sense, but at the deadline its state is told anew', () => {
  const later2s: Outcome = { is: 'ambiguous', next: 'ask', retryAfterMs: 2_000 };
  const asked = command({ phase: 'confirm' });
  expect(decide(asked, later2s, later(START, 1_000), 0.5)).toMatchObject({ at: later(START, 3_000), state: 'SENT' });
  expect(decide(asked, later2s, later(START, 9_500), 0.5)).toMatchObject({ at: later(START, 10_000), state: 'SENT' });
  expect(decide(asked, later2s, later(START, 10_000), 0.5)).toMatchObject({
    at: later(START, 12_000),
    state: 'UNKNOWN_OUTCOME',
  });
});

const outcomes = fc.oneof<fc.Arbitrary<Outcome>[]>(
  fc.constant({ is: 'succeeded' }),
  fc.constant({ is: 'failed', code: 'REFUSED_BY_PLATFORM' }),
  fc.constant({ is: 'cancelled', code: 'NO_LONGER_ALLOWED' }),
  fc.constant({ is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' }),
  fc
    .record({ repeatable: fc.boolean(), mayStillArrive: fc.boolean() })
    .map((rest) => ({ is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', ...rest })),
  fc.constant({ is: 'pending' }),
  fc.constantFrom('repeat', 'ask', 'nothing').map((next) => ({ is: 'ambiguous', next }) as Outcome),
);

type Wait = { phase: 'send' | 'confirm'; ageMs: number; waitMs: number };

/**
 * Lives one command through a history in virtual time, as relay.ts does. `possible` is the oracle's own memory: whether
 * an attempt left of which nobody has said, once it could no longer arrive, that it did nothing.
 */
const live = (commandClass: Command['class'], history: { outcome: Outcome; tookMs: number; chance: number }[]) => {
  let current = command({ class: commandClass, attempts: 0, notAfter: later(START, CLASSES[commandClass].lifeMs) });
  const { notAfter } = current;
  let now = START;
  const sentAt: Date[] = [];
  let possible = false;
  const waits: Wait[] = [];
  for (const { outcome, tookMs, chance } of history) {
    let decision: Decision;
    if (current.phase === 'send' && !mayStillSend(current, now)) decision = outOfTime(current, now);
    else {
      if (current.phase === 'send') {
        sentAt.push(now);
        current = { ...current, attempts: current.attempts + 1 };
      }
      now = later(now, tookMs);
      if (outcome.is === 'pending' || outcome.is === 'ambiguous') possible = true;
      const answersTheQuestion = current.phase === 'confirm' && (outcome.is === 'failed' || outcome.is === 'cancelled');
      const leftNoTrace = current.phase === 'confirm' && outcome.is === 'not-taken' && !outcome.mayStillArrive;
      const tooLateToArrive = leftNoTrace && now > notAfter;
      if (answersTheQuestion || tooLateToArrive) possible = false;
      decision = decide(current, outcome, now, chance);
    }
    if (decision.then === 'finish') return { sentAt, possible, end: decision, notAfter, waits };
    waits.push({
      phase: decision.phase,
      ageMs: now.getTime() - START.getTime(),
      waitMs: decision.at.getTime() - now.getTime(),
    });
    current = { ...current, uncertain: isUncertain(current, decision), phase: decision.phase };
    now = decision.at;
  }
  return { sentAt, possible, end: undefined, notAfter, waits };
};

const histories = fc.array(
  fc.record({
    outcome: outcomes,
    tookMs: fc.integer({ min: 0, max: 6_000 }),
    chance: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  {
    maxLength: 40,
  },
);
const classes = fc.constantFrom<Command['class']>('moment', 'write', 'compliance', 'safety');
const mortal = fc.constantFrom<Command['class']>('moment', 'write');
const immortal = fc.constantFrom<Command['class']>('compliance', 'safety');
const RUNS = 10_000;

test('whatever happens, what the law or safety demands ends only when it is done or cancelled', () => {
  fc.assert(
    fc.property(immortal, histories, (commandClass, history) => {
      const { end } = live(commandClass, history);
      if (end) expect(['SUCCEEDED', 'CANCELLED']).toContain(end.state);
    }),
    { numRuns: RUNS },
  );
});

test('whatever happens, no command waits longer than a tenth of its age, a second at least, and the limit of its class', () => {
  fc.assert(
    fc.property(classes, histories, (commandClass, history) => {
      for (const { phase, ageMs, waitMs } of live(commandClass, history).waits) {
        expect(waitMs).toBeLessThanOrEqual(Math.max(1_000, ageMs / 10));
        if (phase === 'send') expect(waitMs).toBeLessThanOrEqual(CLASSES[commandClass].backoff.limitMs);
      }
    }),
    { numRuns: RUNS },
  );
});

test('whatever happens, nothing that is given up is handed over after its deadline', () => {
  fc.assert(
    fc.property(mortal, histories, (commandClass, history) => {
      const { sentAt, notAfter } = live(commandClass, history);
      expect(sentAt.every((at) => at < notAfter)).toBe(true);
    }),
    { numRuns: RUNS },
  );
});

test('whatever happens, a door that may have opened is not reported as expired, failed or cancelled', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const { end, possible } = live('moment', history);
      if (end && end.state !== 'SUCCEEDED' && end.state !== 'UNKNOWN_OUTCOME') expect(possible).toBe(false);
    }),
    { numRuns: RUNS },
  );
});

test('whatever happens, an action that may not be repeated is handed over once', () => {
  const once = histories.map((history) =>
    history.map((step) => {
      const { outcome } = step;
      if (outcome.is === 'not-taken') return { ...step, outcome: { ...outcome, repeatable: false } };
      if (outcome.is === 'ambiguous' && outcome.next === 'repeat')
        return { ...step, outcome: { is: 'ambiguous', next: 'ask' } as Outcome };
      return step.outcome.is === 'not-sent' ? { ...step, outcome: { is: 'pending' } as Outcome } : step;
    }),
  );
  fc.assert(
    fc.property(once, (history) => {
      expect(live('moment', history).sentAt.length).toBeLessThanOrEqual(1);
    }),
    { numRuns: RUNS },
  );
});
