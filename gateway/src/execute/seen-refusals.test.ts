import { expect, test } from '@jest/globals';
import { buildSchema, parse, print } from 'graphql';
import { seeRefusals, takeRefusals } from './seen-refusals.ts';

const schema = buildSchema(`
  type Query { a: Payload }
  type Mutation { a: Payload! b: String c: Other }
  type Payload { done: Boolean errors: [UserError!]! }
  type Other { errors: [String!]! }
  type UserError { code: String! }
`);
const seen = (query: string): string =>
  print(seeRefusals(parse(query), schema))
    .replaceAll(/\s+/g, ' ')
    .trim();

const SEEN = '__refusals: errors { code }';
test.each([
  ['a mutation with a payload', 'mutation { a { done } }', `mutation { a { done ${SEEN} } }`],
  ['one under an alias', 'mutation { x: a { done } }', `mutation { x: a { done ${SEEN} } }`],
  [
    'one in fragments',
    'mutation { ... on Mutation { a { done } } ...F } fragment F on Mutation { a { done } }',
    `mutation { ... on Mutation { a { done ${SEEN} } } ...F } fragment F on Mutation { a { done ${SEEN} } }`,
  ],
])('%s is asked for its refusals', (_what, query, expected) => {
  expect(seen(query)).toBe(expected);
});

test.each([
  ['a query', '{ a { done } }'],
  ['a mutation that answers a scalar', 'mutation { b }'],
  ['a mutation whose errors have no code', 'mutation { c { errors } }'],
  ['a fragment on another type', 'mutation { b } fragment F on Query { a { done } }'],
])('%s stays as it is', (_what, query) => {
  expect(seen(query)).toBe(query);
});

test('what was asked for beside the selection is taken out of the answer', () => {
  const refused = [{ code: 'NOT_FOUND' }, { code: 'CONSENT_REQUIRED' }];
  const data = { x: { done: false, __refusals: refused }, y: { done: true, __refusals: [] }, z: null, b: 'text' };
  expect([...takeRefusals(data)]).toEqual([
    ['x', ['NOT_FOUND', 'CONSENT_REQUIRED']],
    ['y', []],
    ['b', []],
  ]);
  expect(data).toEqual({ x: { done: false }, y: { done: true }, z: null, b: 'text' });
  expect([...takeRefusals(null)]).toEqual([]);
});
