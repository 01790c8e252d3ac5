import { expect, test } from '@jest/globals';
import { createProgresses, type Progress } from './progress.ts';

const start = () => {
  let now = Date.parse('2026-03-01T12:00:00Z');
  const kept: Progress[] = [];
  const progresses = createProgresses({ clock: () => new Date(now), keep: (_, progress) => kept.push(progress) });
  return {
    kept,
    progresses,
    later: (milliseconds: number) => {
      now += milliseconds;
    },
  };
};
const idOf = (count: number): string => `e${String(count).padStart(4, '0')}`;

test('a record of what was acknowledged is kept once a second at most', () => {
  const { kept, progresses, later } = start();
  for (let count = 0; count < 10; count += 1) {
    progresses.began('wh', idOf(count));
    progresses.told('wh', idOf(count));
  }
  expect(kept).toEqual([{ upTo: idOf(0), open: [] }]);
  later(1_000);
  progresses.began('wh', idOf(10));
  progresses.began('wh', idOf(11));
  progresses.told('wh', idOf(11));
  expect(kept.at(-1)).toEqual({ upTo: idOf(11), open: [idOf(10)] });
});

test('what is told a second time, or to nobody, is no progress', () => {
  const { kept, progresses, later } = start();
  progresses.began('wh', idOf(1));
  progresses.told('wh', idOf(1));
  later(5_000);
  progresses.told('wh', idOf(1));
  progresses.told('other', idOf(1));
  expect(kept).toHaveLength(1);
});

test('however many wait, a record is short and calls nothing acknowledged that was not', () => {
  const { progresses } = start();
  for (let count = 0; count < 500; count += 1) progresses.began('wh', idOf(count));
  for (let count = 0; count < 500; count += 5) progresses.told('wh', idOf(count));
  const { upTo, open } = progresses.of('wh') as Progress;
  expect(open).toHaveLength(100);
  for (let count = 0; count < 500; count += 1)
    if (count % 5 !== 0) expect(idOf(count) > upTo || open.includes(idOf(count))).toBe(true);
});

test('a process goes on from the record of the one before', () => {
  const { progresses } = start();
  progresses.restore('wh', { upTo: idOf(5), open: [idOf(3)] });
  progresses.began('wh', idOf(6));
  progresses.told('wh', idOf(3));
  expect(progresses.of('wh')).toEqual({ upTo: idOf(6), open: [idOf(6)] });
});
