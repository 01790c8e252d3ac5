import { expect, test } from '@jest/globals';
import { createChance } from './chance.ts';

const draw = (chance: { next(): number }): number[] => Array.from({ length: 5 }, () => chance.next());

test('the same seed makes the same trouble', () => {
  expect(draw(createChance(11))).toEqual(draw(createChance(11)));
  expect(draw(createChance(11))).not.toEqual(draw(createChance(12)));
});

test('how often one part draws does not change what another one gets', () => {
  const [one, other] = [createChance(11), createChance(11)];
  draw(one.stream('killer'));
  expect(draw(one.stream('load'))).toEqual(draw(other.stream('load')));
});

test('whole numbers lie within their bounds, both included', () => {
  const chance = createChance(11);
  expect(new Set(Array.from({ length: 200 }, () => chance.between(1, 3)))).toEqual(new Set([1, 2, 3]));
});

test('what weighs nothing is never chosen', () => {
  const chance = createChance(11);
  const chosen = Array.from({ length: 200 }, () => chance.weighted({ redis: 3, gateway: 1, platform: 0 }));
  expect(new Set(chosen)).toEqual(new Set(['redis', 'gateway']));
});
