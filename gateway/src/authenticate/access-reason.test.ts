import { expect, test } from '@jest/globals';
import { readAccessReason } from './access-reason.ts';

test.each([
  ['a plain reason', 'ticket 7', 'ticket 7'],
  ['one in another alphabet', encodeURIComponent('Заявка №7'), 'Заявка №7'],
  ['a stray percent sign', '100% sure', '100% sure'],
  ['500 characters', 'x'.repeat(500), 'x'.repeat(500)],
  ['500 characters in another alphabet', encodeURIComponent('ж'.repeat(500)), 'ж'.repeat(500)],
  ['nothing', undefined, undefined],
  ['blanks', '   ', undefined],
])('%s is taken as it was meant', (_what, given, expected) => expect(readAccessReason(given)).toBe(expected));

test.each([
  ['501 characters', 'x'.repeat(501)],
  ['a control character', 'a%00b'],
  ['a line break', 'a%0Ab'],
  ['bytes that are not ASCII', 'Ð—'],
])('%s is refused', (_what, given) => expect(() => readAccessReason(given)).toThrow('BAD_USER_INPUT'));
