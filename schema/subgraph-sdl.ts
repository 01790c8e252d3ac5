/**
 * The authored SDL of each subgraph, read from this workspace.
 *
 * A subgraph is its preamble `subgraphs/<name>.graphql` and, after it, its rooms `subgraphs/<name>/<room>.graphql` in
 * alphabetical order. A room adds to a type that another part of the same subgraph defines with `extend type`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const SUBGRAPHS = ['owners', 'smart-home'] as const;
export type SubgraphName = (typeof SUBGRAPHS)[number];

/** One authored file: `path` is relative to the root with `/`, so that a problem can be reported as file:line. */
export type SdlPart = { room: string | null; path: string; sdl: string };

const HOUSE = join(import.meta.dirname, '..');
const ENDING = '.graphql';

/** Preamble first (`room` is null), then the rooms by name. Throws when the preamble or the folder is missing. */
export const readSdlParts = (name: SubgraphName, root: string = HOUSE): SdlPart[] => {
  const read = (room: string | null, path: string): SdlPart => ({
    room,
    path,
    sdl: readFileSync(join(root, path), 'utf8'),
  });
  const folder = `schema/subgraphs/${name}`;
  const rooms = readdirSync(join(root, folder)).filter((file) => file.endsWith(ENDING));
  return [
    read(null, `${folder}${ENDING}`),
    ...rooms.toSorted().map((file) => read(file.slice(0, -ENDING.length), `${folder}/${file}`)),
  ];
};

/** The whole SDL of one subgraph as one text, as its server is built from it and the composition takes it. */
export const readSubgraphSdl = (name: SubgraphName, root: string = HOUSE): string =>
  readSdlParts(name, root)
    .map(({ sdl }) => sdl.trim())
    .join('\n\n')
    .concat('\n');
