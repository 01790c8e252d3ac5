import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fingerprint, requireIdempotencyKey } from './idempotency.ts';

const at = new Date('2026-11-24T09:00:00Z');

test.each([
  ['the order of fields', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
  ['a field that is absent', { a: 1 }, { a: 1, b: undefined }],
  ['how a moment was written', { at }, { at: new Date('2026-11-24T12:00:00+03:00') }],
  ['where the object comes from', { a: 1 }, Object.assign(Object.create(null) as object, { a: 1 })],
])('a retry is known again: %s does not matter', (_, one, other) => {
  expect(fingerprint('OPEN', one)).toEqual(fingerprint('OPEN', other as Record<string, unknown>));
});

test.each([
  ['a value', { a: 1 }, { a: 2 }],
  ['the order of a list', { a: [1, 2] }, { a: [2, 1] }],
  ['null and absent', { a: null }, {}],
  ['a text and a number', { a: '1' }, { a: 1 }],
  ['a millisecond', { at }, { at: new Date(at.getTime() + 1) }],
])('another intent under the same key is told apart by %s', (_, one, other) => {
  expect(fingerprint('OPEN', one)).not.toEqual(fingerprint('OPEN', other));
});

test('the same input of another kind is another intent', () => {
  expect(fingerprint('OPEN', { a: 1 })).not.toEqual(fingerprint('CLOSE', { a: 1 }));
});

test('whatever JSON the input holds, shuffling its fields changes nothing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (input) => {
      const shuffled = Object.fromEntries(Object.entries(input).toReversed());
      expect(fingerprint('OPEN', shuffled)).toEqual(fingerprint('OPEN', input));
    }),
  );
});

test.each(['k', '~'.repeat(200), '6f1c1b1e-7a52-4c3e-9a51-0d3e7c0b2f11'])('a key may be %s', (key) => {
  expect(() => requireIdempotencyKey(key)).not.toThrow();
});

test.each(['', 'a b', '~'.repeat(201), 'ключ', 'a\n', 'a\0'])('a key may not be %j', (key) => {
  expect(() => requireIdempotencyKey(key)).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT', path: ['input', 'idempotencyKey'] }),
  );
});
