import { later } from '@house/kernel/clock';
import { beforeEach, expect, test } from '@jest/globals';
import { faultOf, heldBack, PlatformFault } from './faults.ts';
import { createRead, type Turn } from './reads.ts';

const START = new Date('2026-03-01T12:00:00Z');
let now: Date;
let chance: number;
let waits: number[];
beforeEach(() => {
  now = START;
  chance = 1;
  waits = [];
});
const read = createRead({
  clock: () => now,
  chance: () => chance,
  wait: async (milliseconds) => {
    waits.push(milliseconds);
    now = later(now, milliseconds);
  },
});

/** Answers with each of `results` in turn; what failed throws. */
const platform = (...results: (PlatformFault | string)[]) => {
  const turns: Turn[] = [];
  const ask = async (turn: Turn): Promise<string> => {
    turns.push(turn);
    const result = results[turns.length - 1] ?? 'nothing';
    if (typeof result !== 'string') throw result;
    return result;
  };
  return { ask, turns };
};
const failed = (status: number, retryAfterMs?: number) => new PlatformFault(faultOf(status, undefined, retryAfterMs));

test('what failed in passing is read again, marked as a repeat, after a wait with full jitter', async () => {
  const { ask, turns } = platform(failed(500), failed(502), 'doors');
  expect(await read(ask)).toBe('doors');
  expect(turns.map(({ isRepeat }) => isRepeat)).toEqual([false, true, true]);
  expect(waits).toEqual([100, 200]);
  chance = 0;
  await read(platform(failed(500), 'doors').ask);
  expect(waits).toEqual([100, 200, 0]);
});

test('after two repeats the reader is told', async () => {
  const { ask, turns } = platform(failed(500), failed(500), failed(503), 'doors');
  await expect(read(ask)).rejects.toMatchObject({ fault: { status: 503 } });
  expect(turns).toHaveLength(3);
});

test.each([
  ['a refusal for good', failed(403)],
  ['what is held back', new PlatformFault(heldBack(100))],
  ['"come back" after the time is over', failed(429, 2_000)],
])('%s is not read again', async (_, fault) => {
  const { ask, turns } = platform(fault, 'doors');
  await expect(read(ask)).rejects.toBe(fault);
  expect(turns).toHaveLength(1);
});

test('"come back" within the time is obeyed', async () => {
  expect(await read(platform(failed(503, 1_000), 'doors').ask)).toBe('doors');
  expect(waits).toEqual([1_000]);
});

test('a slow failure leaves no time for another', async () => {
  const { ask, turns } = platform(failed(500), 'doors');
  const slow = (turn: Turn): Promise<string> => {
    now = later(now, 1_950);
    return ask(turn);
  };
  await expect(read(slow)).rejects.toMatchObject({ fault: { status: 500 } });
  expect(turns).toHaveLength(1);
});

test('nobody waits longer than two seconds, whatever the read waits for', async () => {
  const begun = performance.now();
  await expect(read(() => new Promise(() => undefined))).rejects.toMatchObject({
    fault: { transient: true, code: 'PLATFORM_UNAVAILABLE' },
  });
  expect(performance.now() - begun).toBeLessThan(2_500);
});

test('an error of our own is not read again', async () => {
  let turns = 0;
  const broken = async (): Promise<string> => {
    turns += 1;
    throw new TypeError('our bug');
  };
  await expect(read(broken)).rejects.toThrow('our bug');
  expect(turns).toBe(1);
});
