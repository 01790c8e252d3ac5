import { expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { hasArgument, placesOf, together } from './places.ts';
import { type Budget, fieldPolicyOf } from './policy.ts';

const schema = buildSchema(`
  type Query { a(id: ID!, input: Input!, many: [ID!]): String }
  input Input { door: ID! more: More many: [ID!] }
  input More { site: Int }
`);

test.each([
  ['id', true],
  ['input.door', true],
  ['input.more.site', true],
  ['input', false],
  ['input.more', false],
  ['input.many', false],
  ['many', false],
  ['id.door', false],
  ['input.toString', false],
  ['nothing', false],
])('an argument that names a target is one value of the schema: %s is %s', (path, isOne) => {
  const field = schema.getQueryType()?.getFields()['a'];
  expect(field && hasArgument(field, path)).toBe(isOne);
});

const principal = (subject: string) => ({ subject, clientId: 'app', roles: [], scopes: [], complexes: [] });
const keysOf = (coordinate: string, budget: Budget, args: object, subject = 'anna'): string[] =>
  placesOf({
    coordinate,
    policy: fieldPolicyOf([budget]),
    principal: { ...principal(subject), tokenId: 't', expiresAt: new Date(0) },
    args: { ...args },
  }).map(({ key }) => key);

const MINUTE = { max: 1, windowMs: 60_000 };
const PER_DOOR: Budget = { per: 'accessPoint', argument: 'input.door', ...MINUTE };

test('a use without the argument has no such target', () => {
  expect(keysOf('Mutation.a', PER_DOOR, {})).toEqual([]);
  expect(keysOf('Mutation.a', PER_DOOR, { input: { door: null } })).toEqual([]);
  expect(keysOf('Mutation.a', { ...PER_DOOR, argument: 'input.__proto__' }, { input: {} })).toEqual([]);
});

test('a key is of one length, whatever a client sends, and tells neither who nor what', () => {
  for (const door of ['1', 'x'.repeat(90_000), 'А123ВС77']) {
    const [key] = keysOf('Mutation.a', PER_DOOR, { input: { door } });
    expect(key).toMatch(/^[\w-]{43}$/);
  }
});

test('keys differ by field, kind, window and value, and fields of one bucket share them', () => {
  const at = (door: string) => ({ input: { door } });
  const shared = { ...PER_DOOR, bucket: 'doors' };
  const different = [
    keysOf('Mutation.a', PER_DOOR, at('1')),
    keysOf('Mutation.b', PER_DOOR, at('1')),
    keysOf('Mutation.a', PER_DOOR, at('2')),
    keysOf('Mutation.a', { ...PER_DOOR, per: 'premises' }, at('1')),
    keysOf('Mutation.a', { ...PER_DOOR, windowMs: 1_000 }, at('1')),
    keysOf('Mutation.a', { per: 'actor', ...MINUTE }, {}),
    keysOf('Mutation.a', { per: 'actor', ...MINUTE }, {}, 'boris'),
    keysOf('Mutation.a', { per: 'client', ...MINUTE }, {}),
    keysOf('Mutation.a', shared, at('1')),
  ].flat();
  expect(new Set(different).size).toBe(9);
  expect(keysOf('Mutation.b', shared, at('1'))).toEqual(keysOf('Mutation.a', shared, at('1')));
  expect(keysOf('Mutation.a', { per: 'client', ...MINUTE }, {}, 'boris')).toEqual(different.slice(7, 8));
});

test('what names the same twice is taken twice of one key', () => {
  const one = { key: 'k', count: 1, ...MINUTE };
  expect(together([one, one, { ...one, key: 'other' }])).toEqual([
    { ...one, count: 2 },
    { ...one, key: 'other' },
  ]);
});
