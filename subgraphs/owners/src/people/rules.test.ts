import { expect, test } from '@jest/globals';
import { maskName, viewPerson } from './rules.ts';

test.each([
  ['Анна Ветрова', 'А*** В***'],
  ['  Anna   Maria Vetrova ', 'A*** M*** V***'],
  ['Ю', 'Ю***'],
  ['𝒜nna', '𝒜***'],
  ['', ''],
])('the mask of "%s" shows first letters only', (name, masked) => {
  expect(maskName(name)).toBe(masked);
});

test('a masked view does not hold the name', () => {
  const person = { id: 'pe_1', account: 'a', displayName: 'Анна Ветрова', phone: '+79160000012' };
  expect(viewPerson(person, 'CLEAR').displayName).toBe('Анна Ветрова');
  expect(JSON.stringify(viewPerson(person, 'MASKED'))).not.toMatch(/Анна|Ветрова|account/);
});
