import type { Principal } from '@house/kernel/principal';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, type FragmentDefinitionNode, getVariableValues, Kind, parse, validate } from 'graphql';
import { composeSupergraph, parseSubgraph } from '../test/house.ts';
import { readRequirements } from './directives.ts';
import { authorize } from './judge.ts';
import { createPermissions } from './permissions.ts';

const SUPERGRAPH = composeSupergraph({
  one: parseSubgraph(`
    type Query {
      me: Person @authenticated
      open: String @authenticated
      scoped(id: ID): Person @requiresScopes(scopes: [["a", "b"], ["c"]])
      closed: Person
      node(id: ID!): Node @authenticated
      either: Either @authenticated
    }
    type Mutation { pull: Person @requiresScopes(scopes: [["a"]]) push: Query @authenticated closed: String }
    interface Node { id: ID! friend: Node }
    type Person implements Node { id: ID! friend: Node secret: String @requiresScopes(scopes: [["c"]]) name: String }
    type Robot implements Node { id: ID! friend: Node @requiresScopes(scopes: [["c"]]) serial: String }
    union Either = Person | Robot
  `),
});

const { requirements, sdl } = readRequirements(SUPERGRAPH);
const schema = buildSchema(sdl, { assumeValidSDL: true });
const permissions = createPermissions({ requirements, schema });

const judge = async (query: string, { scopes = [] as string[], variables = {} } = {}) => {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const definition = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('expected an operation');
  const rootType = schema.getRootType(definition.operation);
  const { coerced } = getVariableValues(schema, definition.variableDefinitions ?? [], variables);
  if (!rootType || !coerced) throw new Error('expected a root type and variables');
  const fragments = document.definitions.filter(
    (one): one is FragmentDefinitionNode => one.kind === Kind.FRAGMENT_DEFINITION,
  );
  const principal: Principal = {
    subject: 's',
    clientId: 'c',
    roles: [],
    scopes,
    complexes: [],
    tokenId: 't',
    expiresAt: new Date(0),
  };
  const errors = await authorize(permissions, {
    schema,
    definition,
    rootType,
    fragments: Object.fromEntries(fragments.map((one) => [one.name.value, one])),
    variables: coerced,
    principal,
    traceId: 'trace',
  });
  expect(errors.every(({ extensions }) => extensions['code'] === 'FORBIDDEN')).toBe(true);
  return errors.map(({ path }) => path?.join('.'));
};

describe('a root field', () => {
  test('without a directive is closed', async () =>
    expect(await judge('{ closed { name } }', { scopes: ['a', 'b', 'c'] })).toEqual(['closed']));
  test('of a mutation too', async () => expect(await judge('mutation { closed }')).toEqual(['closed']));
  test('is still closed when another field leads to its type', async () => {
    expect(await judge('mutation { push { open closed { name } } }')).toEqual(['push.closed']);
  });
  test('for any principal is open', async () => expect(await judge('{ open me { name } }')).toEqual([]));
  test.each<[string[], string[]]>([
    [[], ['scoped']],
    [['a'], ['scoped']],
    [['b', 'A', 'a '], ['scoped']],
    [['a', 'b'], []],
    [['c'], []],
  ])('with scopes %j of (a AND b) OR c', async (scopes, denied) =>
    expect(await judge('{ scoped { id } }', { scopes })).toEqual(denied),
  );
});

describe('a nested field', () => {
  test('without a directive inherits the verdict of what leads to it', async () => {
    expect(await judge('{ me { name friend { id } } }', { scopes: ['c'] })).toEqual([]);
  });
  test('below a denied one is not named again', async () =>
    expect(await judge('{ closed { secret } }')).toEqual(['closed']));
  test('is named by its alias, every time', async () => {
    expect(await judge('{ me { a: secret b: secret } x: me { secret } }')).toEqual(['me.a', 'me.b', 'x.secret']);
  });
});

describe('nothing hides a field', () => {
  test.each([
    ['an inline fragment', '{ ... { ... on Query { closed { name } } } }', ['closed']],
    ['a fragment', '{ ...F } fragment F on Query { me { ...G } } fragment G on Person { secret }', ['me.secret']],
    ['a fragment of a mutation', 'mutation { ...F } fragment F on Mutation { pull { name } }', ['pull']],
    ['a second selection under the same name', '{ me { name } me { secret } }', ['me.secret']],
    ['@include of a constant', '{ me { secret @include(if: true) } }', ['me.secret']],
    ['a fragment on the interface', '{ me { ... on Node { ... on Person { secret } } } }', ['me.secret']],
  ])('%s', async (_how, query, denied) => expect(await judge(query)).toEqual(denied));

  test('and what is not asked for is not judged', async () => {
    const query =
      'query($on: Boolean!, $off: Boolean = true) { me { name secret @include(if: $on) } closed @skip(if: $off) { name } ...F @include(if: $on) } fragment F on Query { closed { id } }';
    expect(await judge(query, { variables: { on: false } })).toEqual([]);
    expect(await judge(query, { variables: { on: true, off: false } })).toEqual(['me.secret', 'closed']);
  });
});

describe('an interface or a union', () => {
  test('is judged for every type that may stand behind it', async () => {
    expect(await judge('{ node(id: 1) { friend { id } } }')).toEqual(['node.friend']);
    expect(await judge('{ node(id: 1) { id ... on Person { name } } }')).toEqual([]);
    expect(await judge('{ either { ... on Robot { friend { id } } ... on Person { secret } } }')).toEqual([
      'either.secret',
      'either.friend',
    ]);
  });
  test('is not judged for a type that a fragment left out', async () => {
    expect(await judge('{ either { ... on Person { friend { id } } } }')).toEqual([]);
  });
});

test('names of the schema itself are free', async () => {
  expect(
    await judge('{ __typename me { __typename } __schema { types { name } } __type(name: "Person") { name } }'),
  ).toEqual([]);
});

test('a bomb of fragments is judged in the time of its text, not of its size', async () => {
  const levels = 18;
  const links = Array.from(
    { length: levels },
    (_, n) => `fragment F${n} on Node { a: friend { ...F${n + 1} } b: friend { ...F${n + 1} } }`,
  );
  const query = `{ me { ...F0 } } ${links.join(' ')} fragment F${levels} on Node { id }`;
  // Judged one by one, the 2^18 paths times two types would take minutes.
  expect(await judge(query, { scopes: ['c'] })).toEqual([]);
});
