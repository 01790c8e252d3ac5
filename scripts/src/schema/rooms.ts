/** A room of the schema is a room of the code: `schema/subgraphs/<name>/<room>.graphql` ↔ `subgraphs/<name>/src/<room>/`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readSdlParts, SUBGRAPHS, type SubgraphName } from '@house/schema/subgraph-sdl.ts';
import type { Problem } from './problem.ts';

/** Folders of a subgraph that publish nothing. */
const NOT_ROOMS: Readonly<Record<SubgraphName, readonly string[]>> = {
  owners: ['generated'],
  'smart-home': ['generated', 'platform'],
};

const THIS_FILE = 'scripts/src/schema/rooms.ts';
const SDL = 'schema/subgraphs';

const problem = (what: string, where: string, how: string): Problem => ({ check: 'rooms', what, where, how });

const foldersIn = (path: string): string[] =>
  existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .toSorted()
    : [];

/** Rooms that exist on one side only, and SDL that belongs to no subgraph that we compose. */
export const checkRooms = (root: string): Problem[] => [
  ...strangers(root),
  ...SUBGRAPHS.flatMap((name) => checkSubgraph(root, name)),
];

const checkSubgraph = (root: string, name: SubgraphName): Problem[] => {
  const source = `subgraphs/${name}/src`;
  const published = readSdlParts(name, root).flatMap(({ room }) => room ?? []);
  const built = foldersIn(join(root, source)).filter((folder) => !NOT_ROOMS[name].includes(folder));
  return [
    ...published
      .filter((room) => !built.includes(room))
      .map((room) =>
        problem(
          `the room ${room} is published but not built`,
          `${SDL}/${name}/${room}.graphql`,
          `Build it in ${source}/${room}/, or take the file away until it resolves.`,
        ),
      ),
    ...built
      .filter((room) => !published.includes(room))
      .map((room) =>
        problem(
          `the room ${room} is built but publishes nothing`,
          `${source}/${room}`,
          `Write ${SDL}/${name}/${room}.graphql, or list the folder in NOT_ROOMS of ${THIS_FILE} if it is no room.`,
        ),
      ),
  ];
};

const strangers = (root: string): Problem[] => {
  const known: readonly string[] = SUBGRAPHS;
  return readdirSync(join(root, SDL))
    .toSorted()
    .filter((entry) => !known.includes(entry.replace(/\.graphql$/, '')))
    .map((entry) =>
      problem(
        `${entry} belongs to no subgraph`,
        `${SDL}/${entry}`,
        'Add the subgraph to SUBGRAPHS in schema/subgraph-sdl.ts, or remove the file.',
      ),
    );
};
