import { existsSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type PlantedTree, plantTree } from '../schema/planted-tree.ts';
import { errorsDocument } from './errors-document.ts';
import { findStale, type GeneratedFile, generateFiles, writeFiles } from './generated-files.ts';
import { resolverTypes } from './resolver-types.ts';

let tree: PlantedTree;
beforeEach(() => {
  tree = plantTree();
});
afterEach(() => tree.fell());

const catalogue = { DOOR_SHUT: { retry: 'later', message: 'Shut | locked.', httpStatus: 423 } } as const;
const mappers = { owners: {}, 'smart-home': {} };
const generated = async (): Promise<GeneratedFile[]> => {
  const answer = await generateFiles({ root: tree.root, catalogue, mappers });
  return answer.ok ? answer.files : [];
};

describe('generated files', () => {
  test('what was written is not stale, and is not written again', async () => {
    const files = await generated();
    expect(writeFiles(tree.root, files)).toEqual([
      'schema/supergraph.graphql',
      'docs/errors.md',
      'subgraphs/owners/src/generated/resolvers.ts',
      'subgraphs/smart-home/src/generated/resolvers.ts',
    ]);
    expect(findStale(tree.root, files)).toEqual([]);
    expect(writeFiles(tree.root, await generated())).toEqual([]);
  });

  test('a committed file that was edited, or is missing, is named', async () => {
    writeFiles(tree.root, await generated());
    tree.write('docs/errors.md', 'edited');
    tree.remove('schema/supergraph.graphql');
    const stale = findStale(tree.root, await generated());
    expect(stale).toMatchObject([
      {
        where: 'schema/supergraph.graphql',
        what: 'this file is missing',
        how: expect.stringContaining('npm run generate'),
      },
      { where: 'docs/errors.md', what: 'this file is not what its sources generate' },
    ]);
  });

  test('types that only serve type checking are never stale: they are not committed', async () => {
    const files = await generated();
    writeFiles(
      tree.root,
      files.filter(({ committed }) => committed),
    );
    expect(existsSync(join(tree.root, 'subgraphs/owners/src/generated'))).toBe(false);
    expect(findStale(tree.root, files)).toEqual([]);
  });

  test('nothing is generated from subgraphs that do not compose', async () => {
    tree.edit('schema/subgraphs/owners/people.graphql', 'name: String', 'name: Sting');
    expect(await generateFiles({ root: tree.root, catalogue, mappers })).toMatchObject({
      ok: false,
      problems: [{ check: 'composition' }],
    });
  });
});

test('the page of errors has a row for each code, in its own words', () => {
  expect(errorsDocument(catalogue)).toContain('\n| `DOOR_SHUT` | 423 | yes, later | Shut \\| locked. |\n');
});

describe('resolver types', () => {
  const SDL = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])
    scalar DateTime
    enum Mood { GOOD BAD }
    directive @personalData(category: String) on FIELD_DEFINITION
    type Person @key(fields: "id") { id: ID! born: DateTime @personalData(category: "IDENTITY") mood: Mood }
    extend type Person { friends(since: DateTime): [Person!]! }
    extend type Query { me: Person }`;

  test('can be run by type stripping: they hold nothing but types', async () => {
    const text = await resolverTypes(SDL, {});
    expect(
      stripTypeScriptTypes(text)
        .replaceAll(/^\s*(?:\/\/.*|\/\*[\s\S]*?\*\/)?$/gm, '')
        .trim(),
    ).toBe('');
  });

  test('say what a resolver takes and answers: our context, dates as dates, the mapped parent', async () => {
    const text = await resolverTypes(SDL, { Person: '../people/people.ts#Row' });
    expect(text).toContain("import type { Context } from '../context.ts';");
    expect(text).toContain("import type { Row } from '../people/people.ts';");
    expect(text).toContain('DateTime: { input: Date; output: Date | string; }');
    expect(text).toContain('Person: ResolverTypeWrapper<Row>;');
    expect(text).toMatch(
      /friends\?: Resolver<ReadonlyArray<ResolversTypes\['Person'\]>, ParentType, ContextType, Partial<PersonFriendsArgs>>;/,
    );
    expect(text).toContain('__resolveReference?: ReferenceResolver<');
  });
});
