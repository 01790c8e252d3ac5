import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClock } from '../test/house.ts';
import { createNonces, watchNonceKeys } from './dpop-nonce.ts';
import { parseKeyLines } from './key-lines.ts';

const WINDOW_MS = 120_000;
const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

test('a nonce is good for at least one window and for two at most, at every gateway with the same keys', () => {
  const { clock, move } = createClock();
  // The hour at which the clock begins is the beginning of a window.
  expect(clock().getTime() % WINDOW_MS).toBe(0);
  const [here, there] = [createNonces({ keys: () => [one], clock }), createNonces({ keys: () => [one], clock })];
  const nonce = here.current();
  move(2 * WINDOW_MS - 1);
  expect(there.isGood(nonce)).toBe(true);
  expect(there.current()).not.toBe(nonce);
  move(1);
  expect(there.isGood(nonce)).toBe(false);
});

test('a nonce of a gateway whose clock is five seconds ahead is good', () => {
  const [ahead, here] = [createClock(), createClock()];
  here.move(-5_000);
  const nonce = createNonces({ keys: () => [one], clock: ahead.clock }).current();
  expect(createNonces({ keys: () => [one], clock: here.clock }).isGood(nonce)).toBe(true);
});

test('keys rotate without a nonce refused: known first, then used, then forgotten', () => {
  const { clock } = createClock();
  const sets = [[one], [one, two], [two, one], [two]] as const;
  const nonces = sets.map((keys) => createNonces({ keys: () => keys, clock }));
  // While a step is under way, some gateways are at one set and some at the next.
  for (const [index, nonce] of nonces.slice(1).entries()) {
    const earlier = nonces[index];
    expect(nonce.isGood(earlier?.current() ?? '')).toBe(true);
    expect(earlier?.isGood(nonce.current())).toBe(true);
  }
  expect(nonces[3]?.isGood(nonces[0]?.current() ?? '')).toBe(false);
});

test('a file of keys is one key a line, of 32 bytes each', () => {
  const text = (keys: readonly Uint8Array[]) => keys.map((key) => Buffer.from(key).toString('base64')).join('\n');
  expect(parseKeyLines(`${text([one, two])}\n\n`)).toEqual([one, two]);
  for (const wrong of ['', '\n', 'x', text([one, Buffer.alloc(31)]), text([Buffer.alloc(33)])])
    expect(() => parseKeyLines(wrong)).toThrow('expected 32 bytes in base64 on each line');
});

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'nonce-keys-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

test('a file that changes is read again; one that cannot be used changes nothing', () => {
  const file = join(directory, 'nonce.keys');
  const lines: string[] = [];
  const { log } = createTelemetry({
    service: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  const { clock, move } = createClock();
  writeFileSync(file, one.toString('base64'));
  const keys = watchNonceKeys({ file, clock, log });
  expect(keys()).toEqual([one]);
  writeFileSync(file, `${two.toString('base64')}\n${one.toString('base64')}`);
  move(1_000);
  expect(keys()).toEqual([two, one]);
  writeFileSync(file, `secret${one.toString('base64')}`);
  move(1_000);
  expect(keys()).toEqual([two, one]);
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['nonce-keys-reloaded', 'nonce-keys-refused']);
  expect(lines.join('')).not.toContain('secret');
  expect(() => watchNonceKeys({ file, clock, log })).toThrow('expected 32 bytes in base64 on each line');
});
