import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createVault } from './vault.ts';

const rootKey = randomBytes(32);
const vault = createVault({ rootKey, random: randomBytes });

test('what was sealed opens to the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ maxLength: 60 }), (value, context) => {
      expect(vault.open(vault.seal(value, context), context)).toBe(value);
    }),
  );
});

test('a sealed value does not open in another column or another row', () => {
  const sealed = vault.seal('Анна', 'people.display_name|pe_1');
  expect(() => vault.open(sealed, 'people.display_name|pe_2')).toThrow();
  expect(() => vault.open(sealed, 'people.phone|pe_1')).toThrow();
});

test('a sealed value does not open with another key', () => {
  const other = createVault({ rootKey: randomBytes(32), random: randomBytes });
  expect(() => other.open(vault.seal('Анна', 'c'), 'c')).toThrow();
});

test('one changed bit anywhere is noticed', () => {
  const sealed = vault.seal('Анна', 'c');
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => vault.open(changed, 'c')).toThrow();
  }
});

test('a sealed value that was cut is refused at every length, so a short tag cannot be guessed', () => {
  const sealed = vault.seal('', 'c');
  for (let length = 0; length < sealed.length; length += 1)
    expect(() => vault.open(sealed.subarray(0, length), 'c')).toThrow();
});

test('the same text is sealed differently each time and shows nothing of itself', () => {
  const [one, other] = [vault.seal('+79160000012', 'c'), vault.seal('+79160000012', 'c')];
  expect(one.equals(other)).toBe(false);
  expect(one.includes('9160000012')).toBe(false);
});

test('a blind index is the same for the same value and scope only', () => {
  expect(vault.blindIndex('+79160000012', 'phone')).toEqual(vault.blindIndex('+79160000012', 'phone'));
  expect(vault.blindIndex('+79160000012', 'phone')).toHaveLength(32);
  expect(vault.blindIndex('+79160000012', 'plate')).not.toEqual(vault.blindIndex('+79160000012', 'phone'));
  expect(vault.blindIndex('bc', 'a')).not.toEqual(vault.blindIndex('c', 'ab'));
});

test('a blind index without the key cannot be computed', () => {
  const other = createVault({ rootKey: randomBytes(32), random: randomBytes });
  expect(other.blindIndex('+79160000012', 'phone')).not.toEqual(vault.blindIndex('+79160000012', 'phone'));
});

test('a root key of another length is refused', () => {
  expect(() => createVault({ rootKey: randomBytes(16), random: randomBytes })).toThrow('32 bytes');
});
