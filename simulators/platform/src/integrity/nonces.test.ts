import { later } from '@house/kernel/clock';
import { expect, test } from '@jest/globals';
import { createNonces } from './nonces.ts';

const MINUTE_MS = 60_000;
const start = new Date('2026-11-24T09:00:00Z');

test('a nonce is used once as long as its request would be taken, and memory has an end', () => {
  let now = start;
  const nonces = createNonces({ clock: () => now, limit: 2 });
  const use = (name: string) => nonces.use(name, later(now, MINUTE_MS));
  expect([use('one'), use('one'), use('two')]).toEqual([true, false, true]);
  expect(use('three')).toBe(false);
  now = later(start, MINUTE_MS);
  expect(use('one')).toBe(false);
  now = later(start, MINUTE_MS + 1);
  expect([use('three'), use('three')]).toEqual([true, false]);
});
