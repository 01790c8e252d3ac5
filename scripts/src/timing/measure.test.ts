import { expect, test } from '@jest/globals';
import { isWithoutLeak, measureTiming } from './measure.ts';
import { LEAK_T } from './welch.ts';

/** Each starts a house of its own, with a thousand flats. */
const TIME_LIMIT_MS = 10 * 60_000;

test(
  'the time of an answer says nothing of the plate: not that it is mine, a neighbour’s, or unwelcome at the platform',
  async () => {
    const report = await measureTiming({ pairs: 120 });
    expect(report.pairs).toBe(120);
    expect(Object.entries(report.t).filter(([, t]) => Math.abs(t) >= LEAK_T)).toEqual([]);
    expect(isWithoutLeak(report)).toBe(true);
  },
  TIME_LIMIT_MS,
);

test(
  'a house that answers at once when somebody else has the plate is caught',
  async () => {
    const report = await measureTiming({ pairs: 40, leak: true });
    expect(report.t.neighbour).toBeLessThan(-LEAK_T);
    expect(isWithoutLeak(report)).toBe(false);
  },
  TIME_LIMIT_MS,
);
