import { later } from '@house/kernel/clock';
import { createTelemetry } from '@house/kernel/telemetry';
import { expect, test } from '@jest/globals';
import { createKeeping } from './keeping.ts';

const START = new Date('2026-03-01T12:00:00Z');
const { log } = createTelemetry({ service: 'test', level: 'silent' });
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

test('what failed is tried again after one second, two, four, and no later than it is done anyway', async () => {
  let now = START;
  const begun: number[] = [];
  const work = async (): Promise<void> => {
    begun.push((now.getTime() - START.getTime()) / 1_000);
    if (begun.length < 5) throw new Error('not yet');
  };
  const keeping = createKeeping({ clock: () => now, log }, [{ name: 'work', everyMs: 5_000, work }], { tickMs: 1 });
  for (const count of [1, 2, 3, 4, 5, 6])
    while (begun.length < count) {
      await tick();
      now = later(now, 250);
    }
  await keeping.stop();
  const waits = begun.slice(1).map((at, index) => at - (begun[index] ?? 0));
  expect(waits.map((seconds) => Math.floor(seconds))).toEqual([1, 2, 4, 5, 5]);
});

test('the end is told to what is under way and waits for it, and nothing begins any more', async () => {
  const ended: string[] = [];
  let begun = 0;
  const keeping = createKeeping({ clock: () => START, log }, [
    {
      name: 'slow',
      everyMs: 0,
      work: async (signal) => {
        begun += 1;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await tick();
        ended.push('slow');
        throw signal.reason;
      },
    },
  ]);
  await keeping.stop();
  expect(ended).toEqual(['slow']);
  await tick();
  expect(begun).toBe(1);
});

test('it says when each kind has been finished once, or has failed', async () => {
  let now = START;
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const keeping = createKeeping(
    { clock: () => now, log },
    [
      {
        name: 'failing',
        everyMs: 60_000,
        work: async () => {
          done.push('failing');
          throw new Error('no');
        },
      },
      { name: 'slow', everyMs: 60_000, work: () => gate.promise.then(() => done.push('slow') > 2) },
    ],
    { tickMs: 1 },
  );
  const begun = keeping.begun.then(() => [...done]);
  await tick();
  gate.resolve();
  while (done.length < 2) await tick();
  now = later(now, 250);
  expect(await begun).toEqual(['failing', 'slow', 'slow']);
  await keeping.stop();
});
