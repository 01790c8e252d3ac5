/** What every counter promises, whatever it counts in. */
import { describe, expect, test } from '@jest/globals';
import { type Counter, isAdmitted } from '../limit/counter.ts';

type Window = { max: number; windowMs: number };

/** Takes places under one key. @returns 0, or the milliseconds until they are free. */
export const takeOf = async (counter: Counter, key: string, window: Window, count = 1): Promise<number> =>
  (await counter.take([{ key, count, ...window }])).waits[0] ?? Number.NaN;

/** @returns how many of `times` concurrent uses were admitted. */
export const takeMany = async (counter: Counter, key: string, times: number, window: Window): Promise<number> => {
  const waits = await Promise.all(Array.from({ length: times }, () => takeOf(counter, key, window)));
  return waits.filter((waitMs) => waitMs === 0).length;
};

/** @param pass lets a little time go by, as the counter sees it. */
export const counterConforms = (driver: string, start: () => { counter: Counter; pass: () => Promise<void> }): void => {
  let keys = 0;
  /** Real stores outlive a test. */
  const fresh = (): string => `test:${driver}:${process.hrtime.bigint()}:${(keys += 1)}`;
  const minute = (max: number): Window => ({ max, windowMs: 60_000 });
  const place = (key: string, max: number) => ({ key, count: 1, ...minute(max) });

  describe(`${driver} counter`, () => {
    test('admits exactly 5 of 200 concurrent uses', async () => {
      const { counter } = start();
      expect(await takeMany(counter, fresh(), 200, minute(5))).toBe(5);
    });

    test('admits exactly one where one is the limit', async () => {
      const { counter } = start();
      expect(await takeMany(counter, fresh(), 50, minute(1))).toBe(1);
    });

    test('counts each key on its own', async () => {
      const { counter } = start();
      const admitted = await Promise.all(
        [fresh(), fresh(), fresh()].map((key) => takeMany(counter, key, 10, minute(2))),
      );
      expect(admitted).toEqual([2, 2, 2]);
    });

    test('1 000 actors against one target are admitted exactly as often as the target allows', async () => {
      const { counter } = start();
      const target = fresh();
      const verdicts = await Promise.all(
        Array.from({ length: 1_000 }, () => counter.take([place(fresh(), 3), place(target, 20)])),
      );
      expect(verdicts.filter(isAdmitted)).toHaveLength(20);
    });

    test('what one budget refuses takes nothing from another', async () => {
      const { counter } = start();
      const [actor, target] = [fresh(), fresh()];
      expect(await takeMany(counter, target, 1, minute(1))).toBe(1);
      for (let hammered = 0; hammered < 5; hammered += 1) {
        const { waits } = await counter.take([place(actor, 2), place(target, 1)]);
        expect(waits).toEqual([0, expect.any(Number)]);
        expect(waits[1]).toBeGreaterThan(50_000);
      }
      expect(await takeMany(counter, actor, 5, minute(2))).toBe(2);
    });

    test('several at once have places together, or none of them has', async () => {
      const { counter } = start();
      const key = fresh();
      expect(await takeOf(counter, key, minute(5), 3)).toBe(0);
      expect(await takeOf(counter, key, minute(5), 3)).toBeGreaterThan(50_000);
      expect(await takeOf(counter, key, minute(5), 2)).toBe(0);
      expect(await takeOf(counter, key, minute(5))).toBeGreaterThan(50_000);
      expect(await takeOf(counter, fresh(), minute(5), 6)).toBeGreaterThanOrEqual(59_000);
    });

    test('1 000 uses in documents of four are admitted exactly as often as the limit allows', async () => {
      const { counter } = start();
      const key = fresh();
      const waits = await Promise.all(Array.from({ length: 250 }, () => takeOf(counter, key, minute(12), 4)));
      expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(3);
    });

    test('a place that is given back can be taken again, once', async () => {
      const { counter } = start();
      const [actor, target] = [fresh(), fresh()];
      const taken = await counter.take([place(actor, 1), place(target, 1)]);
      await taken.giveBack([target]);
      expect(await takeMany(counter, target, 5, minute(1))).toBe(1);
      expect(await takeMany(counter, actor, 5, minute(1))).toBe(0);
    });

    test('a refusal has nothing to give back', async () => {
      const { counter } = start();
      const key = fresh();
      await takeMany(counter, key, 1, minute(1));
      const refused = await counter.take([place(key, 1)]);
      await refused.giveBack([key]);
      expect(await takeMany(counter, key, 5, minute(1))).toBe(0);
    });

    test('tells a waiting time that is not longer than the window, and admits when it is over', async () => {
      const { counter, pass } = start();
      const key = fresh();
      const window = { max: 2, windowMs: 1_000 };
      expect(await takeMany(counter, key, 2, window)).toBe(2);
      const first = await takeOf(counter, key, window);
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThanOrEqual(1_000);
      let waitMs = first;
      for (let waited = 0; waitMs > 0 && waited < 200; waited += 1) {
        await pass();
        const next = await takeOf(counter, key, window);
        expect(next).toBeLessThanOrEqual(waitMs);
        waitMs = next;
      }
      expect(waitMs).toBe(0);
    });

    test('a limit that was lowered holds at once', async () => {
      const { counter } = start();
      const key = fresh();
      await takeMany(counter, key, 5, minute(5));
      expect(await takeOf(counter, key, minute(3))).toBeGreaterThan(0);
      expect(await takeOf(counter, key, minute(6))).toBe(0);
    });
  });
};
