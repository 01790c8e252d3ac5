import { later } from '@house/kernel/clock';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { afterFailure, lockedMs, type Standing } from './lockout-rule.ts';

const POLICY = { failures: 3, withinMs: 60_000, firstMs: 30_000, longestMs: 3_600_000 };
const START = new Date('2026-11-24T09:00:00Z');
const DAY_MS = 86_400_000;

/** Fails `times` times at once. */
const fail = (known: Standing | undefined, times: number, now: Date): Standing | undefined => {
  let standing = known;
  for (let failed = 0; failed < times; failed += 1) standing = afterFailure(standing, POLICY, now);
  return standing;
};
const waitMs = (known: Standing | undefined, now: Date): number => (known ? lockedMs(known, POLICY, now) : 0);

test('each lock is twice as long as the one before, up to the longest', () => {
  const locks: number[] = [];
  let [now, known] = [START, undefined as Standing | undefined];
  for (let lock = 0; lock < 10; lock += 1) {
    known = fail(known, 2, now);
    expect(waitMs(known, now)).toBe(0);
    known = fail(known, 1, now);
    locks.push(waitMs(known, now));
    now = later(now, waitMs(known, now));
  }
  expect(locks.map((ms) => ms / 1_000)).toEqual([30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
});

test('a lock holds until one millisecond before its end, and not at its end', () => {
  const known = fail(undefined, 3, START);
  expect(waitMs(known, later(START, 29_999))).toBe(1);
  expect(waitMs(known, later(START, 30_000))).toBe(0);
});

test('guesses that were under way when the lock came do not lengthen it', () => {
  expect(fail(undefined, 3 + 200, START)).toEqual(fail(undefined, 3, START));
});

test('failures that are further apart than the policy says are no guessing', () => {
  let [now, known] = [START, undefined as Standing | undefined];
  for (let failed = 0; failed < 100; failed += 1) {
    known = fail(known, 1, now);
    expect(waitMs(known, now)).toBe(0);
    now = later(now, 30_000);
    if (failed % 2 === 1) now = later(now, 1);
  }
});

test('a day after the last lock the next one is the first again', () => {
  const once = fail(undefined, 3, START);
  const at = later(START, 30_000 + DAY_MS);
  expect(waitMs(fail(once, 3, later(at, -1)), later(at, -1))).toBe(60_000);
  expect(waitMs(fail(once, 3, at), at)).toBe(30_000);
});

test('a clock that was set back locks nobody for longer than the longest lock', () => {
  const known = fail(undefined, 3, later(START, 10 * DAY_MS));
  expect(waitMs(known, START)).toBe(POLICY.longestMs);
});

test('however failures come, there are at most three for each lock, and no lock is shorter than the first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(120_000), { maxLength: 200 }), (pauses) => {
      let [now, known, admitted, locks] = [START, undefined as Standing | undefined, 0, 0];
      for (const pauseMs of pauses) {
        now = later(now, pauseMs);
        if (waitMs(known, now) > 0) continue;
        admitted += 1;
        known = afterFailure(known, POLICY, now);
        if (waitMs(known, now) === 0) continue;
        locks += 1;
        expect(waitMs(known, now)).toBeGreaterThanOrEqual(POLICY.firstMs);
      }
      const elapsedMs = now.getTime() - START.getTime();
      // Slower than three in a minute is let through; whoever is faster is stopped by locks.
      expect(admitted).toBeLessThanOrEqual(3 * (locks + 1) + 3 * Math.ceil(elapsedMs / POLICY.withinMs));
    }),
  );
});
