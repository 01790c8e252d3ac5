/** What every counter promises, whatever it counts in. */
import { describe, expect, test } from '@jest/globals';
import type { Counter } from '../limit/counter.ts';

/** @param pass lets a little time go by, as the counter sees it. */
export const counterConforms = (driver: string, start: () => { counter: Counter; pass: () => Promise<void> }): void => {
  let keys = 0;
  /** Real stores outlive a test. */
  const fresh = (): string => `test:${driver}:${process.hrtime.bigint()}:${(keys += 1)}`;

  const takeMany = async (counter: Counter, key: string, times: number, window: { max: number; windowMs: number }) => {
    const waits = await Promise.all(Array.from({ length: times }, () => counter.take(key, window)));
    return waits.filter((waitMs) => waitMs === 0).length;
  };

  describe(`${driver} counter`, () => {
    test('admits exactly 5 of 200 concurrent uses', async () => {
      const { counter } = start();
      expect(await takeMany(counter, fresh(), 200, { max: 5, windowMs: 60_000 })).toBe(5);
    });

    test('admits exactly one where one is the limit', async () => {
      const { counter } = start();
      expect(await takeMany(counter, fresh(), 50, { max: 1, windowMs: 60_000 })).toBe(1);
    });

    test('counts each key on its own', async () => {
      const { counter } = start();
      const window = { max: 2, windowMs: 60_000 };
      const admitted = await Promise.all([fresh(), fresh(), fresh()].map((key) => takeMany(counter, key, 10, window)));
      expect(admitted).toEqual([2, 2, 2]);
    });

    test('tells a waiting time that is not longer than the window, and admits when it is over', async () => {
      const { counter, pass } = start();
      const key = fresh();
      const window = { max: 2, windowMs: 1_000 };
      expect(await takeMany(counter, key, 2, window)).toBe(2);
      const first = await counter.take(key, window);
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThanOrEqual(1_000);
      let waitMs = first;
      for (let waited = 0; waitMs > 0 && waited < 200; waited += 1) {
        await pass();
        const next = await counter.take(key, window);
        expect(next).toBeLessThanOrEqual(waitMs);
        waitMs = next;
      }
      expect(waitMs).toBe(0);
    });

    test('a limit that was lowered holds at once', async () => {
      const { counter } = start();
      const key = fresh();
      await takeMany(counter, key, 5, { max: 5, windowMs: 60_000 });
      expect(await counter.take(key, { max: 3, windowMs: 60_000 })).toBeGreaterThan(0);
      expect(await counter.take(key, { max: 6, windowMs: 60_000 })).toBe(0);
    });
  });
};
