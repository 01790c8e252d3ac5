import { expect, test } from '@jest/globals';
import { createDeadline, parseLeftMs } from './deadline.ts';

const never = () => new Promise<never>(() => undefined);

test('what is not done in time is too late, and not before its time', async () => {
  const startedAt = performance.now();
  const deadline = createDeadline(60);
  await expect(deadline.bound(never)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(60);
  expect(deadline.leftMs()).toBe(0);
});

test('what is done in time is its result, or its failure', async () => {
  const deadline = createDeadline(10_000);
  expect(await deadline.bound(async () => 'done')).toBe('done');
  await expect(deadline.bound(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});

test('nothing is begun once the time is over', async () => {
  let begun = 0;
  const work = async () => {
    begun += 1;
  };
  await expect(createDeadline(0).bound(work)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(() => createDeadline(0).requireTime()).toThrow(expect.objectContaining({ code: 'DEADLINE_EXCEEDED' }));
  expect(begun).toBe(0);
});

test('each hop has twenty milliseconds less, and never less than nothing', () => {
  const deadline = createDeadline(1_000);
  const next = deadline.next().next();
  expect(deadline.leftMs() - next.leftMs()).toBeCloseTo(40, 0);
  expect(createDeadline(15).next().leftMs()).toBe(0);
});

test.each(['', '-1', '1.5', '1e3', ' 5', '5 ', '5, 5', '0x10', 'soon', '1234567890'])(
  '%j is not a number of milliseconds',
  (text) => expect(parseLeftMs(text)).toBeUndefined(),
);
