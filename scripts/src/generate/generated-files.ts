/** Every generated file: which are committed because their diff is worth reviewing, and which only serve type checking. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CatalogueEntry } from '@house/kernel/errors';
import { readSubgraphSdl, SUBGRAPHS } from '@house/schema/subgraph-sdl.ts';
import { compose, SUPERGRAPH_FILE } from '../schema/compose.ts';
import type { Problem } from '../schema/problem.ts';
import { errorsDocument } from './errors-document.ts';
import type { Mappers } from './mappers.ts';
import { resolverTypes } from './resolver-types.ts';

/** `path` is relative to the repository's root. */
export type GeneratedFile = { path: string; text: string; committed: boolean };
export type Generated = { ok: true; files: GeneratedFile[] } | { ok: false; problems: Problem[] };
export type GenerateInput = {
  root: string;
  catalogue: Readonly<Record<string, CatalogueEntry>>;
  mappers: Mappers;
};

/** Makes every text and writes nothing. Not ok when the subgraphs do not compose. */
export const generateFiles = async ({ root, catalogue, mappers }: GenerateInput): Promise<Generated> => {
  const composition = compose(root);
  if (!composition.ok) return composition;
  const types = await Promise.all(
    SUBGRAPHS.map(async (name) => ({
      path: `subgraphs/${name}/src/generated/resolvers.ts`,
      text: await resolverTypes(readSubgraphSdl(name, root), mappers[name]),
      committed: false,
    })),
  );
  return {
    ok: true,
    files: [
      { path: SUPERGRAPH_FILE, text: composition.composed.supergraph, committed: true },
      { path: 'docs/errors.md', text: errorsDocument(catalogue), committed: true },
      ...types,
    ],
  };
};

/** Writes the files whose text differs from the one on disk; answers their paths. */
export const writeFiles = (root: string, files: readonly GeneratedFile[]): string[] => {
  const stale = files.filter(({ path, text }) => textAt(root, path) !== text);
  for (const { path, text } of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return stale.map(({ path }) => path);
};

/** One problem for each committed file whose text on disk is not what would be generated now. */
export const findStale = (root: string, files: readonly GeneratedFile[]): Problem[] =>
  files
    .filter(({ committed, path, text }) => committed && textAt(root, path) !== text)
    .map(({ path }) => ({
      check: 'generated',
      what: existsSync(join(root, path)) ? 'this file is not what its sources generate' : 'this file is missing',
      where: path,
      how: 'Run npm run generate and commit the file. Change its sources, never the file itself.',
    }));

const textAt = (root: string, path: string): string | undefined =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
