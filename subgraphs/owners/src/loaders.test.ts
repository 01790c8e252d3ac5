import { expect, test } from '@jest/globals';
import { createListLoader, createRowLoader, isId } from './loaders.ts';

type Row = { id: string; parent: string };
const ROWS: readonly Row[] = [
  { id: 'b', parent: 'x' },
  { id: 'a', parent: 'x' },
];

const recording = (column: 'id' | 'parent') => {
  const calls: (readonly string[])[] = [];
  const fetch = async (keys: readonly string[]): Promise<readonly Row[]> => {
    calls.push(keys);
    return ROWS.filter((row) => keys.includes(row[column]));
  };
  return { calls, fetch };
};

test('keys asked for together are one fetch, each key once, each answer in its place', async () => {
  const { calls, fetch } = recording('id');
  const loader = createRowLoader(fetch, ({ id }) => id);
  const rows = await Promise.all(['a', 'none', 'b', 'a'].map((id) => loader.load(id)));
  expect(rows.map((row) => row?.id)).toEqual(['a', undefined, 'b', 'a']);
  expect(calls).toEqual([['a', 'none', 'b']]);
  await loader.load('a');
  expect(calls).toHaveLength(1);
});

test('a list keeps the order of the statement, and a key without rows has an empty list', async () => {
  const { calls, fetch } = recording('parent');
  const loader = createListLoader(fetch, ({ parent }) => parent);
  const lists = await Promise.all(['x', 'y'].map((key) => loader.load(key)));
  expect(lists.map((rows) => rows.map(({ id }) => id))).toEqual([['b', 'a'], []]);
  expect(calls).toEqual([['x', 'y']]);
});

const HOSTILE: readonly unknown[] = ['', 'a b', 'а', 'a\0', 'a'.repeat(65), "a';--", 1, null, undefined, {}, ['a']];

test('what cannot be an id is nothing, and never reaches the database', async () => {
  const { calls, fetch } = recording('id');
  const rows = createRowLoader(fetch, ({ id }) => id);
  const lists = createListLoader(fetch, ({ parent }) => parent);
  for (const key of HOSTILE) {
    expect(isId(key)).toBe(false);
    expect(await rows.load(key as string)).toBeNull();
    expect(await lists.load(key as string)).toEqual([]);
  }
  expect(calls).toEqual([]);
});
