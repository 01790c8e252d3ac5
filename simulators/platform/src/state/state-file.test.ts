import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { StateRecord } from './records.ts';
import { createStateFile, type StateFile } from './state-file.ts';

let directory: string;
const files: StateFile[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'state-'));
});
afterEach(async () => {
  for (const file of files.splice(0)) await file.close();
  rmSync(directory, { recursive: true, force: true });
});

const start = (): StateFile => {
  const file = createStateFile({ directory });
  files.push(file);
  return file;
};
const path = () => join(directory, 'state.jsonl');
const effect = (sequence: number): StateRecord => ({
  is: 'effect',
  effect: { sequence, at: '2026-06-15T08:00:00Z', kind: 'open', target: 'ap_Hn4xW1', apiVersion: 'v1' },
});
const profile: StateRecord = { is: 'profile', profile: 'B', siteId: null };

test('what was kept is there again, in its order', async () => {
  const { keep } = start().begin();
  keep(effect(1));
  keep(profile);
  await Promise.resolve();
  keep(effect(2));
  await files[0]?.onDisk();
  expect(start().begin().kept).toEqual([effect(1), profile, effect(2)]);
});

test('what happens in one turn is one line: all of it or nothing', async () => {
  const { keep } = start().begin();
  keep(effect(1));
  keep(profile);
  await Promise.resolve();
  await files[0]?.onDisk();
  expect(readFileSync(path(), 'utf8').trim().split('\n')).toHaveLength(1);
});

test('a line that was cut is dropped, and the next one begins on its own', async () => {
  start().begin().keep(effect(1));
  await files[0]?.onDisk();
  appendFileSync(path(), '[{"is":"effect","effect":{"sequ');
  const { kept, keep } = start().begin();
  expect(kept).toEqual([effect(1)]);
  keep(effect(2));
  await files[1]?.onDisk();
  expect(start().begin().kept).toEqual([effect(1), effect(2)]);
});

test('a file that no simulator has written is refused by name and line', () => {
  writeFileSync(path(), '[]\nhello\n[]\n');
  expect(() => createStateFile({ directory })).toThrow(`${path()}:2`);
});

test('a new session empties the file, and the one before has nothing more to say', async () => {
  const file = start();
  const first = file.begin();
  first.keep(effect(1));
  const second = file.begin();
  first.keep(effect(2));
  second.keep(effect(3));
  await file.onDisk();
  expect(second.kept).toEqual([]);
  expect(start().begin().kept).toEqual([effect(3)]);
});

test('many that wait for the disk are all served', async () => {
  const file = start();
  const { keep } = file.begin();
  const waits: Promise<void>[] = [];
  for (let sequence = 1; sequence <= 200; sequence += 1) {
    keep(effect(sequence));
    waits.push(file.onDisk());
    if (sequence % 7 === 0) await waits[sequence - 3];
  }
  await Promise.all(waits);
  expect(start().begin().kept).toHaveLength(200);
});
