import { expect, test } from '@jest/globals';
import { inForce, maskLabel } from './rules.ts';

test.each([
  ['Кв. 12', 'Кв. ***'],
  ['Кв. 7', 'Кв. ***'],
  ['М-12', 'М-***'],
  ['Дом 1, корпус Б', 'Дом ***'],
  ['Пентхаус', '***'],
  ['Кв. ١٢', 'Кв. ***'],
])('the mask of "%s" hides the number, its length and all that follows', (label, masked) => {
  expect(maskLabel(label)).toBe(masked);
});

test('a suspension is in force from its beginning until just before its end', () => {
  const at = (time: number) => new Date(time);
  const suspension = { reason: 'DEBT', since: at(10), until: at(20), byRole: null } as const;
  expect([9, 10, 19, 20].map((time) => inForce(suspension, at(time)))).toEqual([false, true, true, false]);
  expect(inForce({ ...suspension, until: null }, at(1e12))).toBe(true);
});
