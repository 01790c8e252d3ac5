import { describe, expect, test } from '@jest/globals';
import { BreakingChangeType, buildSchema, parse } from 'graphql';
import { checkBreaks, findBreaks } from './breaking-changes.ts';
import { usageOf } from './usage.ts';

const BEFORE = buildSchema(`
  directive @shown(on: Boolean, when: Int) repeatable on FIELD | FRAGMENT_SPREAD
  directive @gone on FIELD
  interface Node { id: ID! }
  interface Named { name: String }
  type Person implements Node & Named { id: ID! name: String mother: Person }
  type Cat implements Node { id: ID! name: String }
  type Dog { id: ID! }
  union Pet = Cat | Dog
  enum Mood { GOOD BAD }
  input Filter { mood: Mood text: String inner: Filter }
  scalar Plate
  type Query {
    node(id: ID!): Node
    people(filter: Filter, mood: Mood, first: Int): [Person!]
    pet: Pet
    plate: Plate
    mood: Mood
  }
`);
const AFTER = buildSchema(`
  directive @shown(on: Boolean, by: String!) on FIELD
  interface Node { id: ID! }
  interface Named { name: String }
  type Person implements Node { id: ID! name: String! mother: String }
  type Cat implements Node { id: ID! name: String }
  type Dog { id: ID! }
  union Pet = Cat
  enum Mood { GOOD }
  input Filter { mood: Mood text: Int by: String! }
  type Plate { text: String }
  type Query {
    node(id: ID!, of: String!): Node
    people(filter: Filter, mood: String): [Person!]
    plate: Plate
    mood: Mood
  }
`);

describe('a break is known by what it hurts', () => {
  const breaks = findBreaks(BEFORE, AFTER).map(({ type, coordinate, hurts }) => [type, coordinate, hurts]);
  test.each([
    [BreakingChangeType.TYPE_CHANGED_KIND, 'Plate', 'Plate'],
    [BreakingChangeType.TYPE_REMOVED_FROM_UNION, undefined, 'Pet'],
    [BreakingChangeType.VALUE_REMOVED_FROM_ENUM, 'Mood.BAD', 'Mood.BAD'],
    [BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED, 'Filter.by', 'Filter'],
    [BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED, undefined, 'Named'],
    [BreakingChangeType.FIELD_REMOVED, 'Query.pet', 'Query.pet'],
    [BreakingChangeType.FIELD_REMOVED, 'Filter.inner', 'Filter.inner'],
    [BreakingChangeType.FIELD_CHANGED_KIND, 'Person.mother', 'Person.mother'],
    [BreakingChangeType.FIELD_CHANGED_KIND, 'Filter.text', 'Filter.text'],
    [BreakingChangeType.REQUIRED_ARG_ADDED, 'Query.node(of:)', 'Query.node'],
    [BreakingChangeType.ARG_REMOVED, 'Query.people(first:)', 'Query.people(first:)'],
    [BreakingChangeType.ARG_CHANGED_KIND, 'Query.people(mood:)', 'Query.people(mood:)'],
    [BreakingChangeType.DIRECTIVE_REMOVED, '@gone', '@gone'],
    [BreakingChangeType.DIRECTIVE_ARG_REMOVED, '@shown', '@shown'],
    [BreakingChangeType.REQUIRED_DIRECTIVE_ARG_ADDED, '@shown', '@shown'],
    [BreakingChangeType.DIRECTIVE_REPEATABLE_REMOVED, '@shown', '@shown'],
    [BreakingChangeType.DIRECTIVE_LOCATION_REMOVED, '@shown', '@shown'],
  ])('%s: %s hurts what touches %s', (type, coordinate, hurts) => {
    expect(breaks).toContainEqual([type, coordinate, hurts]);
  });

  test('a removed type, ours or a standard scalar, hurts what touches it', () => {
    const without = buildSchema('type Query { mood: String }');
    const removed = findBreaks(BEFORE, without).filter(({ type }) => type === BreakingChangeType.TYPE_REMOVED);
    expect(removed.map(({ hurts }) => hurts)).toEqual(expect.arrayContaining(['Person', 'Filter', 'Int', 'Mood']));
  });

  test('every break that graphql-js finds is understood', () => {
    expect(findBreaks(BEFORE, AFTER).filter(({ hurts }) => hurts === undefined)).toEqual([]);
  });
});

describe('what a document touches', () => {
  const touched = (document: string) => [...usageOf(parse(document), BEFORE)];

  test('fields, their parents and their types, but not the neighbours', () => {
    const used = touched('{ people { mother { id } } }');
    expect(used).toEqual(expect.arrayContaining(['Query.people', 'Person', 'Person.mother', 'Person.id', 'ID']));
    expect(used).not.toEqual(expect.arrayContaining(['Person.name']));
    expect(used).not.toEqual(expect.arrayContaining(['Query.people(first:)']));
  });

  test('an argument that is given, with the fields and values written in it', () => {
    const used = touched('{ people(first: 1, filter: { inner: { mood: BAD } }) { id } }');
    expect(used).toEqual(
      expect.arrayContaining(['Query.people(first:)', 'Filter', 'Filter.inner', 'Filter.mood', 'Mood.BAD', 'Int']),
    );
    expect(used).not.toEqual(expect.arrayContaining(['Mood.GOOD']));
    expect(used).not.toEqual(expect.arrayContaining(['Filter.text']));
  });

  test('everything that a variable can carry', () => {
    const used = touched('query ($filter: Filter) { people(filter: $filter) { id } }');
    expect(used).toEqual(expect.arrayContaining(['Filter.text', 'Filter.inner', 'Mood.GOOD', 'Mood.BAD', 'String']));
  });

  test('every value that an enum field may answer', () => {
    expect(touched('{ mood }')).toEqual(expect.arrayContaining(['Mood', 'Mood.GOOD', 'Mood.BAD']));
  });

  test('a field of an interface, in every type that may stand there', () => {
    expect(touched('{ node(id: 1) { id } }')).toEqual(
      expect.arrayContaining(['Node.id', 'Person.id', 'Cat.id', 'Query.node(id:)']),
    );
  });

  test('types that fragments name, and directives', () => {
    const used = touched('{ pet { ... on Dog { id } ...cat @shown(on: true) } } fragment cat on Cat { name }');
    expect(used).toEqual(expect.arrayContaining(['Pet', 'Dog', 'Dog.id', 'Cat', 'Cat.name', '@shown']));
    expect(used).not.toEqual(expect.arrayContaining(['Pet.(on:)']));
  });
});

test('a break that has no coordinate can be decided by its sentence, unless an operation is hurt', () => {
  const current = buildSchema(
    'type Cat { id: ID! } type Dog { id: ID! } union Pet = Cat type Query { pet: Pet dog: Dog }',
  );
  const published = buildSchema(
    'type Cat { id: ID! } type Dog { id: ID! } union Pet = Cat | Dog type Query { pet: Pet dog: Dog }',
  );
  const decided = new Map([['Dog was removed from union type Pet.', 'docs/decisions/0007-part.md']]);
  const operation = (text: string) => ({ hash: 'h', name: 'Pets', document: parse(text), where: 'list' });
  const of = (text: string) => checkBreaks({ published, current, operations: [operation(text)], decided });
  expect(of('{ dog { id } }')).toMatchObject({ problems: [], allowed: [{ record: 'docs/decisions/0007-part.md' }] });
  expect(of('{ pet { __typename } }')).toMatchObject({ problems: [{ check: 'breaking-change' }], allowed: [] });
});
