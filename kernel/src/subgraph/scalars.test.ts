import { expect, test } from '@jest/globals';
import { Kind } from 'graphql';
import { DateTime } from './scalars.ts';

test.each([
  ['2026-11-24T09:00:00Z', '2026-11-24T09:00:00.000Z'],
  ['2026-11-24T12:00:00+03:00', '2026-11-24T09:00:00.000Z'],
  ['2026-11-24T00:30:00.5+05:00', '2026-11-23T19:30:00.500Z'],
  ['2028-02-29T23:59:59.999999999-00:30', '2028-03-01T00:29:59.999Z'],
  ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
])('%s is read and answered in UTC', (input, output) => {
  expect(DateTime.serialize(DateTime.parseValue(input))).toBe(output);
  expect(DateTime.serialize(DateTime.parseLiteral({ kind: Kind.STRING, value: input }))).toBe(output);
});

test.each([
  '',
  '2026-11-24',
  '2026-11-24T09:00:00',
  '2026-11-24 09:00:00Z',
  '2026-11-24T09:00Z',
  '2026-11-24T9:00:00Z',
  '2026-02-29T09:00:00Z',
  '2026-02-30T09:00:00Z',
  '2026-04-31T09:00:00Z',
  '2026-00-10T09:00:00Z',
  '2026-13-10T09:00:00Z',
  '2026-11-00T09:00:00Z',
  '2026-11-24T24:00:00Z',
  '2026-11-24T09:60:00Z',
  '2026-11-24T09:00:60Z',
  '2026-11-24T09:00:00+24:00',
  '2026-11-24T09:00:00+0300',
  '2026-11-24T09:00:00.Z',
  '2026-11-24T09:00:00Z\n',
  ' 2026-11-24T09:00:00Z',
  '+002026-11-24T09:00:00Z',
  '1764000000000',
])('%j is not a date and time of RFC 3339', (input) => {
  expect(() => DateTime.parseValue(input)).toThrow('expected a date and time');
});

test('numbers, null and dates are not taken for input, nor strings for output', () => {
  for (const input of [0, 1764000000000, null, {}, [], true, new Date(0)])
    expect(() => DateTime.parseValue(input)).toThrow('expected a date and time');
  expect(() => DateTime.parseLiteral({ kind: Kind.INT, value: '0' })).toThrow('expected a date and time');
  expect(() => DateTime.serialize('2026-11-24T09:00:00Z')).toThrow('expected a Date');
});
