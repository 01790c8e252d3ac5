import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type PlantedTree, plantTree } from './planted-tree.ts';

const PEOPLE = 'schema/subgraphs/owners/people.graphql';
const ME = 'schema/operations/me.graphql';

let tree: PlantedTree;
const composed = () => tree.run(['compose']);

beforeEach(() => {
  tree = plantTree();
});
afterEach(() => tree.fell());

describe('schema publish', () => {
  const files = (folder: string) => readdirSync(join(tree.root, 'schema/registry', folder)).toSorted();
  const note = (folder: string) => tree.read(`schema/registry/${folder}/note.md`);

  test('writes numbered folders with the supergraph, the API, each SDL, the trusted list and a note', () => {
    tree.publish('first');
    tree.edit(PEOPLE, 'name: String', 'name: String\n  age: Int');
    tree.publish('second-step');
    expect(readdirSync(join(tree.root, 'schema/registry'))).toEqual(['0001-first', '0002-second-step']);
    expect(files('0002-second-step')).toEqual([
      'api.graphql',
      'note.md',
      'operations.json',
      'owners.graphql',
      'smart-home.graphql',
      'supergraph.graphql',
    ]);
    expect(note('0001-first')).toMatch(/^# 0001-first\nPublished 2026-11-24\. The first publication\./);
    expect(note('0002-second-step')).toContain('## Added\n- `Person.age`');
  });

  test('the trusted list names each document by the SHA-256 of its file', () => {
    tree.publish('first');
    const list = JSON.parse(tree.read('schema/registry/0001-first/operations.json'));
    const text = tree.read(ME);
    expect(list).toEqual({ e66dca98e622fc00cc393048a4f416d5f16b511fac3f1c7dd24c0e420d26861b: { name: 'Me', text } });
  });

  test('the published API shows clients no federation and no authorization directives', () => {
    tree.publish('first');
    const api = tree.read('schema/registry/0001-first/api.graphql');
    expect(api).toContain('doors(kind: DoorKind): [Door!]');
    expect(api).not.toMatch(/@|join__|_entities|Scope/);
  });

  test('the note names the breaks that a decision let go, and the documents that came and went', () => {
    tree.publish('first');
    tree.edit(PEOPLE, '  nickname(short: Boolean): String\n', '');
    tree.write('docs/decisions/0001-tidy.md', 'Breaks: Person.nickname\n');
    tree.remove(ME);
    tree.write('schema/operations/doors.graphql', 'query Doors {\n  doors {\n    id\n  }\n}\n');
    tree.publish('tidy');
    expect(note('0002-tidy')).toContain('- Person.nickname was removed. (docs/decisions/0001-tidy.md)');
    expect(note('0002-tidy')).toMatch(/added to the trusted list\n- `Doors` [0-9a-f]{64}/);
    expect(note('0002-tidy')).toMatch(/still accepted\)\n- `Me` [0-9a-f]{64}/);
  });

  test('refuses when the check fails, and writes nothing', () => {
    tree.edit(PEOPLE, 'me: Person @authenticated', 'me: Person');
    composed();
    const { code, error } = tree.run(['publish', 'first']);
    expect(code).toBe(1);
    expect(error).toContain('✗ root-authorization');
    expect(readdirSync(join(tree.root, 'schema'))).not.toContain('registry');
  });

  test('refuses when nothing has changed', () => {
    tree.publish('first');
    expect(tree.run(['publish', 'again'])).toMatchObject({
      code: 1,
      error: expect.stringContaining(
        'nothing has changed since the last publication\n  where: schema/registry/0001-first',
      ),
    });
  });

  test.each(['', 'Guest', 'guest_passes', '../out', '-x', 'a--b', 'x-'])('refuses the name "%s"', (name) => {
    composed();
    const { code, error } = tree.run(['publish', '--', name]);
    expect(code).toBe(1);
    expect(error).toContain('✗ publish: ');
    expect(error).toContain('kebab-case');
  });
});

describe('a damaged registry', () => {
  beforeEach(() => tree.publish('first'));

  test('a document that its hash does not name is refused', () => {
    const path = 'schema/registry/0001-first/operations.json';
    tree.write(path, tree.read(path).replace('name', 'id'));
    expect(tree.redness()).toContain(
      `✗ registry: a document is not the one that its hash names, or the list cannot be read\n  where: ${path}`,
    );
  });

  test('a file that is missing is refused', () => {
    tree.remove('schema/registry/0001-first/owners.graphql');
    expect(tree.redness()).toContain('✗ registry: owners.graphql is missing');
  });

  test('an API that cannot be read is refused', () => {
    tree.write('schema/registry/0001-first/api.graphql', 'type');
    expect(tree.redness()).toContain('✗ registry: the published API cannot be read');
  });

  test('two folders with one number, as two branches leave them, are refused', () => {
    for (const file of readdirSync(join(tree.root, 'schema/registry/0001-first'))) {
      tree.write(`schema/registry/0001-other/${file}`, tree.read(`schema/registry/0001-first/${file}`));
    }
    expect(tree.redness()).toContain(
      '✗ registry: number 0001 stands where 0002 should\n  where: schema/registry/0001-other',
    );
  });

  test('a folder that publish did not write is refused', () => {
    tree.write('schema/registry/draft/note.md', '');
    expect(tree.redness()).toContain('✗ registry: draft is not a published folder');
  });
});
