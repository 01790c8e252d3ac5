import { expect, test } from '@jest/globals';
import { CLASSES, COMMAND_CLASSES, type CommandClass } from './classes.ts';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

test('how much persistence each class deserves stands in one table', () => {
  const rows = Object.entries(CLASSES).map(
    ([name, { lifeMs, givesUp, attempts, backoff, deadLetter, alarms }]) =>
      [
        name,
        lifeMs,
        givesUp,
        attempts,
        backoff.baseMs,
        backoff.limitMs,
        deadLetter,
        alarms.map((a) => a.threshold),
      ] as const,
  );
  expect(rows).toEqual([
    ['read', 2 * SECOND, true, 3, 50, 200, false, []],
    ['safety', 60 * SECOND, false, Number.POSITIVE_INFINITY, 100, 5 * SECOND, false, ['60 s']],
    ['moment', 10 * SECOND, true, 2, 100, 2 * SECOND, false, []],
    ['compliance', 30 * DAY, false, Number.POSITIVE_INFINITY, SECOND, 60 * SECOND, false, ['25 %', '50 %', '80 %']],
    ['write', DAY, true, Number.POSITIVE_INFINITY, 100, 30 * SECOND, true, []],
  ]);
});

test('what is never given up calls for a person, and what waits for one is given up', () => {
  for (const { givesUp, alarms, deadLetter } of Object.values(CLASSES)) {
    expect(alarms.length > 0).toBe(!givesUp);
    if (deadLetter) expect(givesUp).toBe(true);
  }
});

test('commands go by their urgency, and a read is none', () => {
  expect(COMMAND_CLASSES).toEqual(['safety', 'moment', 'compliance', 'write']);
  // @ts-expect-error a read is repeated where it is made and is never stored
  const read: CommandClass = 'read';
  expect(COMMAND_CLASSES).not.toContain(read);
});
