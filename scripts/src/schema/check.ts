/** `npm run schema -- check`: may this schema be merged? Reads the tree under a root and changes nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSdlParts, SUBGRAPHS } from '@house/schema/subgraph-sdl.ts';
import type { GraphQLSchema } from 'graphql';
import { checkBreaks, type DecidedBreak } from './breaking-changes.ts';
import { type Composed, compose, SUPERGRAPH_FILE } from './compose.ts';
import { readDecidedBreaks } from './decisions.ts';
import { type AppDocument, checkDocuments, readDocuments } from './documents.ts';
import type { Problem } from './problem.ts';
import { checkRegisteredOperations, registeredOperations } from './registered-operations.ts';
import { API_FILE, type Publication, publishedApi, REGISTRY, readRegistry } from './registry.ts';
import { checkRooms } from './rooms.ts';
import { checkRootAuthorization } from './root-authorization.ts';

export type Report = {
  problems: Problem[];
  /** Breaks that a decision record lets go. */
  allowed: DecidedBreak[];
  /** Absent when the subgraphs do not compose: then nothing that needs an API was looked at. */
  composed?: Composed;
  rooms: number;
  documents: AppDocument[];
  publications: Publication[];
};

/** Everything that is wrong, not the first thing only. */
export const check = (root: string): Report => {
  const parts = SUBGRAPHS.flatMap((name) => readSdlParts(name, root));
  const documents = readDocuments(root);
  const registry = readRegistry(root);
  const composition = compose(root);
  const free = [...registry.problems, ...checkRooms(root), ...checkRootAuthorization(parts)];
  const seen = {
    rooms: parts.filter(({ room }) => room !== null).length,
    documents,
    publications: registry.publications,
  };
  if (!composition.ok) return { ...seen, problems: [...composition.problems, ...free], allowed: [] };
  const { composed } = composition;
  const released = checkReleased(root, registry.publications, composed.apiSchema);
  const problems = [
    ...free,
    ...checkSupergraphFile(root, composed.supergraph),
    ...checkDocuments(documents, composed.apiSchema),
    ...released.problems,
  ];
  return { ...seen, problems, allowed: released.allowed, composed };
};

/** What was promised to installed apps: the last published API, and every document ever registered. */
const checkReleased = (
  root: string,
  publications: readonly Publication[],
  current: GraphQLSchema,
): { problems: Problem[]; allowed: DecidedBreak[] } => {
  const last = publications.at(-1);
  if (!last) return { problems: [], allowed: [] };
  const operations = registeredOperations(publications);
  const published = publishedApi(last);
  if (!published) return { problems: [unreadable(last)], allowed: [] };
  const { problems, allowed } = checkBreaks({ published, current, operations, decided: readDecidedBreaks(root) });
  return { problems: [...problems, ...checkRegisteredOperations(operations, current)], allowed };
};

const unreadable = ({ folder }: Publication): Problem => ({
  check: 'registry',
  what: 'the published API cannot be read',
  where: `${REGISTRY}/${folder}/${API_FILE}`,
  how: 'Restore it from git: a published folder never changes.',
});

const checkSupergraphFile = (root: string, supergraph: string): Problem[] => {
  const path = join(root, SUPERGRAPH_FILE);
  const committed = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (committed === supergraph) return [];
  const lines = committed.split('\n');
  const differs = supergraph.split('\n').findIndex((line, index) => line !== lines[index]);
  return [
    {
      check: 'supergraph',
      what: 'the committed supergraph is not what the rooms compose to',
      where: `${SUPERGRAPH_FILE}:${differs === -1 ? lines.length : differs + 1}`,
      how: 'Run npm run schema -- compose and commit the file.',
    },
  ];
};
