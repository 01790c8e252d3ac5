import { expect, test } from '@jest/globals';
import { createChance } from '../chaos/chance.ts';
import { LEAK_T, largestT, welchT } from './welch.ts';

/** Times as a machine makes them: mostly even, now and then far too long. */
const times = (seed: number, count: number, moreMs = 0): number[] => {
  const chance = createChance(seed);
  return Array.from({ length: count }, () => {
    const slow = chance.happens(0.02) ? chance.between(50, 500) : 0;
    return 50 + chance.between(0, 1_000) / 1_000 + slow + moreMs;
  });
};

test('t is what the formula of Welch says', () => {
  expect(welchT([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])).toBeCloseTo(-1.8974, 4);
  expect(welchT([5, 5], [5, 5])).toBe(0);
  expect(welchT([6, 6], [5, 5])).toBe(Number.POSITIVE_INFINITY);
});

test('two series of one kind differ in nothing', () => {
  for (let seed = 1; seed <= 100; seed += 1)
    expect(Math.abs(largestT(times(seed, 300), times(seed + 1_000, 300)))).toBeLessThan(LEAK_T);
});

test('a leak of a tenth of a millisecond is seen among answers that are late by half a second now and then', () => {
  const [one, other] = [times(1, 2_000), times(2, 2_000, 0.1)];
  expect(Math.abs(welchT(one, other))).toBeLessThan(LEAK_T);
  expect(largestT(one, other)).toBeLessThan(-LEAK_T);
});
