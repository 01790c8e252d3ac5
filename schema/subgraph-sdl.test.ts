import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readSdlParts, readSubgraphSdl, SUBGRAPHS } from './subgraph-sdl.ts';

test('a subgraph is its preamble, then its rooms in alphabetical order, whatever order the disk has', () => {
  const root = mkdtempSync(join(tmpdir(), 'sdl-'));
  const folder = join(root, 'schema/subgraphs');
  mkdirSync(join(folder, 'owners'), { recursive: true });
  writeFileSync(join(folder, 'owners/zebra.graphql'), '\ntype Zebra { id: ID! }\n\n');
  writeFileSync(join(folder, 'owners/ape.graphql'), 'type Ape { id: ID! }');
  writeFileSync(join(folder, 'owners/notes.md'), 'not SDL');
  writeFileSync(join(folder, 'owners.graphql'), '# first\n');
  expect(readSubgraphSdl('owners', root)).toBe('# first\n\ntype Ape { id: ID! }\n\ntype Zebra { id: ID! }\n');
  expect(readSdlParts('owners', root).map(({ room, path }) => [room, path])).toEqual([
    [null, 'schema/subgraphs/owners.graphql'],
    ['ape', 'schema/subgraphs/owners/ape.graphql'],
    ['zebra', 'schema/subgraphs/owners/zebra.graphql'],
  ]);
  rmSync(root, { recursive: true });
});

test.each(SUBGRAPHS)('%s reads its own SDL from wherever it is started', (name) => {
  expect(readSubgraphSdl(name)).toContain('@key(fields: "id")');
});
