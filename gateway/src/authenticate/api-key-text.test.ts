import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createApiKey, isApiKeyId, namedByApiKey, readApiKey, writeApiKey } from './api-key-text.ts';
import { MALFORMED_KEYS } from './test/malformed-keys.ts';

const bytes = (fill: number) => (size: number) => new Uint8Array(size).fill(fill);
const good = writeApiKey(createApiKey(randomBytes), 'dev');

test('whatever the chance, a key is written in one way and read back as what it was', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 41, maxLength: 41 }), (chance) => {
      const key = createApiKey((size) => (size === 9 ? chance.subarray(0, 9) : chance.subarray(9)));
      const text = writeApiKey(key, 'live');
      expect(text).toMatch(/^tsh_live_[0-9A-Za-z]{13}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
      expect(readApiKey(text, 'live')).toEqual(key);
      expect(readApiKey(text, 'dev')).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test('the longest secret has its 43 signs, and so has the shortest', () => {
  for (const fill of [0, 255]) {
    const { id, secret } = createApiKey(bytes(fill));
    expect([id.length, secret.length, isApiKeyId(id)]).toEqual([13, 43, true]);
  }
});

test.each(MALFORMED_KEYS)('%s is no key', (_name, make) => {
  expect(make(good)).not.toBe(good);
  expect(readApiKey(make(good), 'dev')).toBeUndefined();
});

test('the corpus has at least thirty cases', () => expect(MALFORMED_KEYS.length).toBeGreaterThanOrEqual(30));

test('every single wrong sign is found by the checksum', () => {
  for (let index = 8; index < good.length; index += 1) {
    if (good[index] === '_') continue;
    for (const sign of '09AZaz') {
      const text = good.slice(0, index) + sign + good.slice(index + 1);
      if (text !== good) expect(readApiKey(text, 'dev')).toBeUndefined();
    }
  }
});

test('guesses at one key have one name, and what is no key is its own', () => {
  const { id } = createApiKey(randomBytes);
  const guess = () => writeApiKey({ id, secret: createApiKey(randomBytes).secret }, 'dev');
  expect([guess(), guess()].map(namedByApiKey)).toEqual([id, id]);
  expect(namedByApiKey('anything')).toBe('anything');
});

test('the expression for scanners finds a key in whatever it stands in, and nothing that is like one', () => {
  const document = readFileSync(join(import.meta.dirname, '../../../docs/api-keys.md'), 'utf8');
  const [, expression = ''] = /```regex\n(.+)\n```/.exec(document) ?? [];
  const scanner = new RegExp(expression, 'g');
  for (const around of ['', 'X-Api-Key: ', '{"key":"', 'export KEY=', '`', '('])
    expect(`${around}${good}${around === '{"key":"' ? '"}' : '\n'}`.match(scanner)).toEqual([good]);
  for (const unlike of [`a${good}`, `${good}a`, good.replace('tsh', 'tsx'), good.replace('_dev_', '_test_')])
    expect(unlike.match(scanner)).toBeNull();
});
