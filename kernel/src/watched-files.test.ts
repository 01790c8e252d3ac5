import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { later } from './clock.ts';
import { watchFiles } from './watched-files.ts';

const START = new Date('2026-03-01T12:00:00Z');
let now: Date;
let directory: string;
beforeEach(() => {
  now = START;
  directory = mkdtempSync(join(tmpdir(), 'watched-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const path = (name: string): string => join(directory, name);
const write = (name: string, content: string): void => writeFileSync(path(name), content);

/** Two halves that belong together when they are equal. */
const start = () => {
  const told = { changed: 0, refused: 0 };
  const pair = watchFiles({
    paths: { left: path('left'), right: path('right') },
    parse: ({ left, right }) => {
      if (!left || left !== right) throw new Error('they do not belong together');
      return { half: left };
    },
    clock: () => now,
    changed: () => {
      told.changed += 1;
    },
    refused: () => {
      told.refused += 1;
    },
  });
  return { pair, told };
};

test('a changed file is read again within a second, and an unchanged one stays the same object', () => {
  write('left', 'a');
  write('right', 'a');
  const { pair, told } = start();
  const first = pair();
  write('left', 'bb');
  write('right', 'bb');
  now = later(START, 999);
  expect(pair()).toBe(first);
  now = later(START, 1_000);
  expect(pair()).toEqual({ half: 'bb' });
  expect(told).toEqual({ changed: 1, refused: 0 });
});

test('whoever cannot wait is told at once', () => {
  write('left', 'a');
  write('right', 'a');
  const { pair } = start();
  write('left', 'bb');
  write('right', 'bb');
  expect(pair(0)).toEqual({ half: 'bb' });
});

test('what cannot be used leaves the former value in use, is told once, and is replaced as soon as it can be used', () => {
  write('left', 'a');
  write('right', 'a');
  const { pair, told } = start();
  const first = pair();
  write('left', 'bb');
  for (let look = 0; look < 3; look += 1) expect(pair(0)).toBe(first);
  rmSync(path('right'));
  expect(pair(0)).toBe(first);
  expect(told).toEqual({ changed: 0, refused: 2 });
  write('right', 'bb');
  expect(pair(0)).toEqual({ half: 'bb' });
  expect(told).toEqual({ changed: 1, refused: 2 });
});

test('what only could not be read for a moment is used as soon as it can be, without another change', () => {
  write('left', 'a');
  let isExhausted = false;
  let refused = 0;
  const watched = watchFiles({
    paths: { left: path('left') },
    parse: ({ left }) => {
      if (isExhausted) throw new Error('EMFILE: too many open files');
      return { half: left };
    },
    clock: () => now,
    refused: () => {
      refused += 1;
    },
  });
  isExhausted = true;
  write('left', 'bb');
  for (let look = 0; look < 3; look += 1) expect(watched(0)).toEqual({ half: 'a' });
  isExhausted = false;
  expect(watched(0)).toEqual({ half: 'bb' });
  expect(refused).toBe(1);
});

test('a file that is renamed into place is a changed one, whatever its size and time', () => {
  write('left', 'a');
  write('right', 'a');
  const { pair } = start();
  for (const name of ['left', 'right']) {
    write('fresh', 'b');
    renameSync(path('fresh'), path(name));
  }
  expect(pair(0)).toEqual({ half: 'b' });
});

test('a clock that was set back does not keep an old value', () => {
  write('left', 'a');
  write('right', 'a');
  const { pair } = start();
  write('left', 'bb');
  write('right', 'bb');
  now = later(START, -60_000);
  expect(pair()).toEqual({ half: 'bb' });
});

test('the first time, what cannot be used is thrown', () => {
  expect(start).toThrow('ENOENT');
  write('left', 'a');
  write('right', 'b');
  expect(start).toThrow('belong together');
});
