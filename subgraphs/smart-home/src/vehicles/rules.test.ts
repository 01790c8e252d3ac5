import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maskPlate, parsePlate, requireComment, requirePeriod, requireVehicular } from './rules.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const badInput = expect.objectContaining({ code: 'BAD_USER_INPUT' });
const refusalOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

test.each([
  ['А123ВС 77', 'A123BC77'],
  ['a123bc77', 'A123BC77'],
  ['А 123 ВС 777', 'A123BC777'],
  ['а-123-вс 77', 'A123BC77'],
  ['ЕК 123 77', 'EK12377'],
  ['АМ 1234 99', 'AM123499'],
  ['1234 АВ 77', '1234AB77'],
])('however a Russian plate is typed, %s is one plate', (typed, canonical) => {
  expect(parsePlate(typed, 'RU')).toEqual({ country: 'RU', canonical });
});

test.each([
  'А123ВС',
  'Д123ВС77',
  'A123BC7777',
  'A000AA77',
  '',
  ' ',
  'А123ВС77\u0000',
  'А123\nВС77',
  '🚗',
  'A'.repeat(200),
])('what is no Russian plate is refused: %j', (typed) => {
  expect(refusalOf(() => parsePlate(typed, 'RU'))).toEqual(badInput);
});

test('a refusal never repeats the plate', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 4, maxLength: 40 }), fc.constantFrom('RU', 'BY', 'XX'), (typed, country) => {
      const refusal = refusalOf(() => parsePlate(typed, country));
      if (refusal instanceof Error && typed.trim().length > 3) expect(refusal.message).not.toContain(typed);
    }),
  );
});

test('plates of other countries need their country, and an unknown country is refused', () => {
  expect(parsePlate('1234 AB-7', 'BY')).toEqual({ country: 'BY', canonical: '1234AB7' });
  expect(refusalOf(() => parsePlate('1234AB7', 'ZZ'))).toEqual(badInput);
});

test.each([
  ['A123BC77', 'А***ВС 77'],
  ['EK12377', 'ЕК*** 77'],
  ['AM123499', 'АМ**** 99'],
])('a resident reads %s as %s', (canonical, masked) => {
  expect(maskPlate({ country: 'RU', canonical })).toBe(masked);
});

test('every plate that is accepted can be shown, and never whole', () => {
  const letter = fc.constantFrom(...'ABEKMHOPCTYX');
  const plates = fc.tuple(letter, fc.integer({ min: 1, max: 999 }), letter, letter, fc.integer({ min: 10, max: 999 }));
  fc.assert(
    fc.property(plates, ([first, number, second, third, region]) => {
      const plate = parsePlate(`${first}${String(number).padStart(3, '0')}${second}${third}${region}`, 'RU');
      expect(maskPlate(plate)).toMatch(/^[А-Я]\*{3}[А-Я]{2} \d{2,3}$/);
    }),
  );
});

test('a comment with control characters or of more than 200 characters is refused', () => {
  expect(requireComment('Синяя «Лада»')).toBe('Синяя «Лада»');
  expect(requireComment('')).toBeNull();
  expect(refusalOf(() => requireComment('a\u0007'))).toEqual(badInput);
  expect(refusalOf(() => requireComment('a'.repeat(201)))).toEqual(badInput);
});

test('a period that ends before it begins, or has ended, is refused', () => {
  const tomorrow = new Date('2026-03-02T12:00:00Z');
  expect(requirePeriod(null, null, NOW)).toEqual({ from: NOW, until: null });
  expect(requirePeriod(null, tomorrow, NOW)).toEqual({ from: NOW, until: tomorrow });
  expect(refusalOf(() => requirePeriod(tomorrow, NOW, NOW))).toEqual(badInput);
  expect(
    refusalOf(() => requirePeriod(new Date('2026-01-01T00:00:00Z'), new Date('2026-02-01T00:00:00Z'), NOW)),
  ).toEqual(badInput);
});

test.each(['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59'])(
  'a date that not every clock can write is refused: %s',
  (text) => {
    expect(refusalOf(() => requirePeriod(new Date(text), null, NOW))).toEqual(badInput);
    expect(refusalOf(() => requirePeriod(null, new Date(text), NOW))).toEqual(badInput);
  },
);

test('a vehicle passes barriers and gates, not doors, and not those of others', () => {
  const points = [
    { id: 'door', kind: 'ENTRANCE' },
    { id: 'gate', kind: 'GATE' },
    { id: 'barrier', kind: 'BARRIER' },
  ];
  expect(requireVehicular(points, null).map(({ id }) => id)).toEqual(['gate', 'barrier']);
  expect(requireVehicular(points, ['barrier', 'barrier']).map(({ id }) => id)).toEqual(['barrier']);
  expect(refusalOf(() => requireVehicular(points, ['door']))).toEqual(
    expect.objectContaining({ code: 'ACCESS_POINT_NOT_VEHICULAR' }),
  );
  expect(refusalOf(() => requireVehicular(points, ['foreign']))).toEqual(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  );
  expect(refusalOf(() => requireVehicular(points, []))).toEqual(badInput);
});
