import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { composeSupergraph, parseSubgraph } from '../test/house.ts';
import { readRequirements } from './directives.ts';

const committed = readFileSync(createRequire(import.meta.url).resolve('@house/schema/supergraph.graphql'), 'utf8');
const compose = (sdl: string) => composeSupergraph({ one: parseSubgraph(sdl) });

describe('a supergraph', () => {
  test('gives its requirements: any principal, or an OR of ANDs of scopes', () => {
    const { requirements } = readRequirements(
      compose(`type Query {
        me: String @authenticated
        door: String @requiresScopes(scopes: [["a", "b"], ["c"]])
        both: String @authenticated @requiresScopes(scopes: [["a"]])
        nobody: String
      }`),
    );
    expect(Object.fromEntries(requirements.get('Query') ?? [])).toEqual({
      me: {},
      door: { scopes: [['a', 'b'], ['c']] },
      both: { scopes: [['a']] },
    });
  });

  test('is left without a trace of them, and with everything else', () => {
    const { sdl } = readRequirements(committed);
    expect(sdl).not.toMatch(/authenticated|requiresScopes|SECURITY\)/);
    const names = (text: string) =>
      Object.keys(buildSchema(text, { assumeValidSDL: true }).getTypeMap()).filter(
        (name) => !name.startsWith('requiresScopes'),
      );
    expect(names(sdl)).toEqual(names(committed));
  });

  test('that we publish has a requirement on every root field', () => {
    const { requirements, sdl } = readRequirements(committed);
    const schema = buildSchema(sdl, { assumeValidSDL: true });
    for (const type of [schema.getQueryType(), schema.getMutationType()])
      for (const field of Object.keys(type?.getFields() ?? {}))
        expect(requirements.get(type?.name ?? '')?.has(field)).toBe(true);
  });
});

describe('what would not be enforced is refused with its place', () => {
  test.each([
    ['a type', 'type Query { a: A } type A @authenticated { b: String }', 'A: put'],
    ['an enum', 'type Query { a: A } enum A @authenticated { B }', 'A: put'],
    ['a scalar', 'type Query { a: A } scalar A @requiresScopes(scopes: [["a"]])', 'A: put'],
  ])('a directive on %s', (_what, sdl, place) => expect(() => readRequirements(compose(sdl))).toThrow(place));

  const link = 'schema @link(url: "https://specs.apollo.dev/link/v1.0")';
  test.each([
    [
      'another security feature',
      `${link} @link(url: "https://specs.apollo.dev/policy/v0.1", for: SECURITY) { query: Query } type Query { a: Int }`,
      'policy',
    ],
    [
      'a renamed one',
      `${link} @link(url: "https://specs.apollo.dev/authenticated/v0.1", as: "login", for: SECURITY) { query: Query } type Query { a: Int @login }`,
      '@authenticated is renamed',
    ],
    [
      'one with an imported name',
      `${link} @link(url: "https://specs.apollo.dev/authenticated/v0.1", import: ["@authenticated"]) { query: Query } type Query { a: Int }`,
      '@authenticated is renamed',
    ],
    ['scopes that are not lists', 'type Query { a: Int @requiresScopes(scopes: "a") }', 'Query.a'],
    ['scopes that are not lists of lists', 'type Query { a: Int @requiresScopes(scopes: ["a"]) }', 'Query.a'],
    ['scopes that are not text', 'type Query { a: Int @requiresScopes(scopes: [[7]]) }', 'Query.a'],
    ['no scopes', 'type Query { a: Int @requiresScopes }', 'Query.a'],
    [
      'scopes twice',
      'type Query { a: Int @requiresScopes(scopes: [["a"]]) @requiresScopes(scopes: [["b"]]) }',
      'Query.a',
    ],
    [
      'an extension',
      'type Query { a: Int } extend type Query { b: Int @authenticated }',
      'Query: a supergraph has no extensions',
    ],
    [
      'an interface whose types do not repeat it',
      'type Query { i: I } interface I { a: Int @authenticated } type T implements I { a: Int }',
      'I.a',
    ],
  ])('%s', (_what, sdl, place) => expect(() => readRequirements(sdl)).toThrow(place));
});
