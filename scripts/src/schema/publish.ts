/**
 * `npm run schema -- publish <name>`: what the rooms say now becomes a promise to installed apps, as the next numbered
 * folder of the registry.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSubgraphSdl, SUBGRAPHS } from '@house/schema/subgraph-sdl.ts';
import { check, type Report } from './check.ts';
import type { Composed } from './compose.ts';
import { type AppDocument, hashOf, operationNameOf, parseDocument } from './documents.ts';
import { noteOf } from './note.ts';
import type { Problem } from './problem.ts';
import {
  API_FILE,
  CONTENT_FILES,
  NAME,
  NOTE_FILE,
  numbered,
  OPERATIONS_FILE,
  type Publication,
  publishedApi,
  REGISTRY,
  type RegisteredOperations,
} from './registry.ts';

export type PublishInput = { root: string; name: string; now: Date };
/** `folder` is relative to the root. */
export type Published = { ok: true; folder: string; number: number } | { ok: false; problems: Problem[] };

const HEADER = '# Published by "npm run schema -- publish"; a published folder never changes.\n';

const refuse = (what: string, where: string, how: string): Published => ({
  ok: false,
  problems: [{ check: 'publish', what, where, how }],
});

/** Writes the next folder whole or not at all. Refuses a bad name, a tree that the check fails, and no change. */
export const publish = ({ root, name, now }: PublishInput): Published => {
  if (!NAME.test(name)) {
    return refuse(
      name ? `"${name}" is not a name for a folder of the registry` : 'the publication has no name',
      REGISTRY,
      'Name it in kebab-case for what it brings: npm run schema -- publish guest-passes',
    );
  }
  const report = check(root);
  if (!report.composed || report.problems.length > 0) return { ok: false, problems: report.problems };
  const last = report.publications.at(-1);
  const files = contentOf(root, report.composed, report.documents);
  if (last && CONTENT_FILES.every((file) => files[file] === last.files[file])) {
    return refuse(
      'nothing has changed since the last publication',
      `${REGISTRY}/${last.folder}`,
      'Change a room or a document first; there is nothing to publish.',
    );
  }
  const number = (last?.number ?? 0) + 1;
  const folder = `${REGISTRY}/${numbered(number)}-${name}`;
  writeFolder(root, folder, { ...files, [NOTE_FILE]: noteFor(folder, report, report.composed, last, now) });
  return { ok: true, folder, number };
};

/** The trusted list of the app's documents as they stand, by name. */
const trustedList = (documents: readonly AppDocument[]): RegisteredOperations => {
  const entries = documents.map((source) => {
    const name = operationNameOf(parseDocument(source)) ?? source.path;
    return [hashOf(source.text), { name, text: source.text }] as const;
  });
  return Object.fromEntries(entries.toSorted(([, one], [, other]) => (one.name < other.name ? -1 : 1)));
};

const contentOf = (root: string, composed: Composed, documents: readonly AppDocument[]): Record<string, string> => ({
  'supergraph.graphql': composed.supergraph,
  [API_FILE]: HEADER + composed.api,
  ...Object.fromEntries(SUBGRAPHS.map((name) => [`${name}.graphql`, HEADER + readSubgraphSdl(name, root)])),
  [OPERATIONS_FILE]: `${JSON.stringify(trustedList(documents), null, 2)}\n`,
});

const noteFor = (
  folder: string,
  report: Report,
  composed: Composed,
  last: Publication | undefined,
  now: Date,
): string =>
  noteOf({
    folder,
    now,
    current: composed.apiSchema,
    previous: last && publishedApi(last),
    allowed: report.allowed,
    before: last?.operations ?? {},
    after: trustedList(report.documents),
  });

const writeFolder = (root: string, folder: string, files: Readonly<Record<string, string>>): void => {
  const unfinished = join(root, REGISTRY, '.unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(unfinished, file), text);
  renameSync(unfinished, join(root, folder));
};
