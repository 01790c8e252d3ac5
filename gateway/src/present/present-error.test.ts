import { expect, test } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { createPresentError } from './present-error.ts';

const present = (message: string, development = false, code = 'GRAPHQL_VALIDATION_FAILED') =>
  createPresentError({ development })({ message, extensions: { code } }, new GraphQLError(message)).message;

test.each([
  ['Cannot query field "ids" on type "Person". Did you mean "id"?', 'Cannot query field "ids" on type "Person".'],
  ['Unknown type "Pet". Did you mean "Pets", "Cat", or "Dog"?', 'Unknown type "Pet".'],
  ['Value "X" is not "Y?". Did you mean the enum value "Z"?', 'Value "X" is not "Y?".'],
  ['Is this a question?', 'Is this a question?'],
])('names are suggested in development only: %s', (message, without) => {
  expect(present(message)).toBe(without);
  expect(present(message, true)).toBe(message);
});

test('a message that repeats a long value is cut', () => {
  const message = `Variable "$d" got invalid value "${'Did you mean '.repeat(7_000)}"; Int cannot represent it`;
  expect(present(message).length).toBeLessThanOrEqual(501);
  expect(present(message, true)).toBe(`${message.slice(0, 500)}…`);
});

test('a suggestion at the end of a long message is taken away, not cut in two', () => {
  const message = `Cannot query field "${'x'.repeat(470)}" on type "Person". Did you mean "secretOne" or "secretTwo"?`;
  expect(present(message)).not.toContain('secret');
});
