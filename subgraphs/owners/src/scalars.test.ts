import { expect, test } from '@jest/globals';
import { Kind } from 'graphql';
import { PhoneMasked } from './scalars.ts';

test.each([
  ['+79160000067', '+7 *** ***-**-67'],
  ['+4915123456789', '+* *** ***-**-89'],
  ['+3581234', '+* *** ***-**-34'],
])('of %s only the last two digits are shown', (phone, masked) => {
  expect(PhoneMasked.serialize(phone)).toBe(masked);
});

test('what is not a phone number is an error, never an answer', () => {
  for (const value of ['89160000067', '+7 916 000-00-67', '', 'Анна', '+7 *** ***-**-67', 79160000067, null, {}])
    expect(() => PhoneMasked.serialize(value)).toThrow('expected a phone number');
});

test('a masked phone is never an input', () => {
  expect(() => PhoneMasked.parseValue('+7 *** ***-**-67')).toThrow('only ever an answer');
  expect(() => PhoneMasked.parseLiteral({ kind: Kind.STRING, value: '+79160000067' })).toThrow('only ever an answer');
});
