import { describe, expect, test } from '@jest/globals';
import { counterConforms } from '../test/counter-conforms.ts';
import { createClock } from '../test/house.ts';
import { keyOf } from './counter.ts';
import { createEmbeddedCounter } from './embedded-counter.ts';

counterConforms('embedded', () => {
  const { clock, move } = createClock();
  return { counter: createEmbeddedCounter({ clock }), pass: async () => move(50) };
});

describe('the embedded counter', () => {
  test('never admits more than the limit in any window, wherever it begins', async () => {
    const { clock, move } = createClock();
    const counter = createEmbeddedCounter({ clock });
    const admitted: number[] = [];
    for (let at = 0; at < 10_000; at += 70) {
      if ((await counter.take('k', { max: 5, windowMs: 1_000 })) === 0) admitted.push(at);
      move(70);
    }
    for (const from of admitted)
      expect(admitted.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(5);
    expect(admitted.length).toBeGreaterThanOrEqual(45);
  });

  test('tells nobody to wait longer than the window when the clock was set back', async () => {
    const { clock, move } = createClock();
    const counter = createEmbeddedCounter({ clock });
    const window = { max: 2, windowMs: 1_000 };
    for (let n = 0; n < 2; n += 1) await counter.take('k', window);
    move(-3_600_000);
    expect(await counter.take('k', window)).toBe(1_000);
    move(999);
    expect(await counter.take('k', window)).toBe(1);
    move(1);
    expect(await counter.take('k', window)).toBe(0);
  });

  test('is bounded: it forgets windows that are over and refuses what it cannot count', async () => {
    const { clock, move } = createClock();
    const counter = createEmbeddedCounter({ clock, keysKept: 2 });
    const window = { max: 1, windowMs: 1_000 };
    await counter.take('a', window);
    await counter.take('b', window);
    await expect(counter.take('c', window)).rejects.toThrow('at most 2');
    expect(await counter.take('a', window)).toBe(1_000);
    move(1_000);
    expect(await counter.take('c', window)).toBe(0);
  });
});

test('no two lists of parts make one key', () => {
  const lists = [
    ['ab', 'c'],
    ['a', 'bc'],
    ['abc'],
    ['a', 'b', 'c'],
    ['1:a', ''],
    ['', '1:a'],
    ['a1:b'],
    ['a', '1:b'],
    ['1:a1:b'],
  ];
  expect(new Set(lists.map((parts) => keyOf(...parts))).size).toBe(lists.length);
});
