import { expect, test } from '@jest/globals';
import { createClock } from '../test/house.ts';
import { createKnownLocks } from './known-locks.ts';

test('a lock is known until it ends, and the longest of several is told', () => {
  const { clock, move } = createClock();
  const known = createKnownLocks({ clock });
  known.learn('token', 60_000);
  known.learn('network', 120_000);
  known.learn('nobody', 0);
  expect(known.waitMs(['token', 'network', 'nobody'])).toBe(120_000);
  move(59_999);
  expect(known.waitMs(['token', 'nobody'])).toBe(1);
  move(1);
  expect(known.waitMs(['token'])).toBe(0);
});

test('a clock that was set back lengthens no lock', () => {
  const { clock, move } = createClock();
  const known = createKnownLocks({ clock });
  known.learn('token', 60_000);
  move(-1);
  expect(known.waitMs(['token'])).toBe(0);
});

test('the memory of locks is bounded: the oldest is asked for again', () => {
  const { clock } = createClock();
  const known = createKnownLocks({ clock, locksKept: 2 });
  for (const key of ['a', 'b', 'a', 'c']) known.learn(key, 1_000);
  expect(['a', 'b', 'c'].map((key) => known.waitMs([key]))).toEqual([1_000, 0, 1_000]);
});
