import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { counterConforms, takeOf } from '../test/counter-conforms.ts';
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
      if ((await takeOf(counter, 'k', { max: 5, windowMs: 1_000 })) === 0) admitted.push(at);
      move(70);
    }
    for (const from of admitted)
      expect(admitted.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(5);
    expect(admitted.length).toBeGreaterThanOrEqual(45);
  });

  test('refuses one millisecond before the time that it told, and admits at that time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ pauseMs: fc.nat(900), count: fc.integer({ min: 1, max: 3 }) }), { maxLength: 30 }),
        fc.integer({ min: 3, max: 8 }),
        async (uses, max) => {
          const { clock, move } = createClock();
          const counter = createEmbeddedCounter({ clock });
          const window = { max, windowMs: 1_000 };
          for (const { pauseMs, count } of uses) {
            move(pauseMs);
            const waitMs = await takeOf(counter, 'k', window, count);
            if (waitMs === 0) continue;
            move(waitMs - 1);
            expect(await takeOf(counter, 'k', window, count)).toBe(1);
            move(1);
            expect(await takeOf(counter, 'k', window, count)).toBe(0);
          }
        },
      ),
    );
  });

  test('tells nobody to wait longer than the window when the clock was set back', async () => {
    const { clock, move } = createClock();
    const counter = createEmbeddedCounter({ clock });
    const window = { max: 2, windowMs: 1_000 };
    for (let n = 0; n < 2; n += 1) await takeOf(counter, 'k', window);
    move(-3_600_000);
    expect(await takeOf(counter, 'k', window)).toBe(1_000);
    move(999);
    expect(await takeOf(counter, 'k', window)).toBe(1);
    move(1);
    expect(await takeOf(counter, 'k', window)).toBe(0);
  });

  test('is bounded: it forgets windows that are over and refuses what it cannot count', async () => {
    const { clock, move } = createClock();
    const counter = createEmbeddedCounter({ clock, keysKept: 2 });
    const window = { max: 1, windowMs: 1_000 };
    await takeOf(counter, 'a', window);
    await takeOf(counter, 'b', window);
    await expect(takeOf(counter, 'c', window)).rejects.toThrow('at most 2');
    expect(await takeOf(counter, 'a', window)).toBe(1_000);
    move(1_000);
    expect(await takeOf(counter, 'c', window)).toBe(0);
  });

  test('that is full looks for windows that are over once a second at most', async () => {
    const { clock, move } = createClock();
    const counter = createEmbeddedCounter({ clock, keysKept: 1 });
    const window = { max: 1, windowMs: 1_200 };
    await takeOf(counter, 'a', window);
    move(600);
    await expect(takeOf(counter, 'b', window)).rejects.toThrow('at most 1');
    move(999);
    await expect(takeOf(counter, 'b', window)).rejects.toThrow('at most 1');
    move(1);
    expect(await takeOf(counter, 'b', window)).toBe(0);
  });
});

describe('no two lists of parts make one key', () => {
  test('where separators and lengths stand in the parts', () => {
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

  test('whatever the parts are, cut in whatever other way', () => {
    const part = fc.string({ unit: fc.constantFrom('0', '1', '2', ':', 'a'), maxLength: 4 });
    const lists = fc.array(part, { minLength: 1, maxLength: 4 }).chain((parts) => {
      const text = parts.join(':');
      return fc.tuple(
        fc.constant(parts),
        fc.constantFrom(text.split(':'), [text], [...text], [parts.join('')], [...parts, '']),
      );
    });
    fc.assert(
      fc.property(lists, ([one, other]) => {
        const isSame = one.length === other.length && one.every((text, index) => text === other[index]);
        expect(keyOf(...one) === keyOf(...other)).toBe(isSame);
      }),
      { numRuns: 5_000 },
    );
  });
});
