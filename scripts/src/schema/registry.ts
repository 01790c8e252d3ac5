/**
 * The registry, `schema/registry/NNNN-name/`: what was published, append-only and numbered like migrations.
 *
 * A folder is complete or it is a problem; only complete ones are compared with.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBGRAPHS } from '@house/schema/subgraph-sdl.ts';
import { buildSchema, type GraphQLSchema, parse, Source } from 'graphql';
import { hashOf } from './documents.ts';
import type { Problem } from './problem.ts';

export const REGISTRY = 'schema/registry';
export const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
export const NOTE_FILE = 'note.md';
export const OPERATIONS_FILE = 'operations.json';
export const API_FILE = 'api.graphql';
/** What two publications are compared by. */
export const CONTENT_FILES = [
  'supergraph.graphql',
  API_FILE,
  ...SUBGRAPHS.map((name) => `${name}.graphql`),
  OPERATIONS_FILE,
];

/** The trusted list: SHA-256 of the document's text → the document. */
export type RegisteredOperations = Readonly<Record<string, { readonly name: string; readonly text: string }>>;
export type Publication = {
  number: number;
  /** `NNNN-name`. */
  folder: string;
  /** `CONTENT_FILES` → text. */
  files: Readonly<Record<string, string>>;
  operations: RegisteredOperations;
};

const FOLDER_NAME = /^(\d{4})-(.+)$/;

const problem = (what: string, where: string, how: string): Problem => ({ check: 'registry', what, where, how });

/** The complete publications by number, and what is wrong with the others. */
export const readRegistry = (root: string): { publications: Publication[]; problems: Problem[] } => {
  const folder = join(root, REGISTRY);
  const names = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  const publications: Publication[] = [];
  const problems: Problem[] = [];
  for (const name of names) {
    const expected = publications.length + problems.length + 1;
    const read = readPublication(root, name, expected);
    if ('check' in read) problems.push(read);
    else publications.push(read);
  }
  return { publications, problems };
};

const readPublication = (root: string, folder: string, expected: number): Publication | Problem => {
  const where = `${REGISTRY}/${folder}`;
  const [, digits, name] = FOLDER_NAME.exec(folder) ?? [];
  if (digits === undefined || name === undefined || !NAME.test(name)) {
    return problem(
      `${folder} is not a published folder`,
      where,
      'Remove it: only npm run schema -- publish writes here.',
    );
  }
  const number = Number(digits);
  if (number !== expected) {
    return problem(
      `number ${digits} stands where ${numbered(expected)} should`,
      where,
      'Two branches published at once, or a folder was removed: restore the folders of the main branch, remove your own and publish it again.',
    );
  }
  const missing = [...CONTENT_FILES, NOTE_FILE].find((file) => !existsSync(join(root, where, file)));
  if (missing) return problem(`${missing} is missing`, where, `Restore it from git: a published folder never changes.`);
  const files = Object.fromEntries(
    CONTENT_FILES.map((file) => [file, readFileSync(join(root, where, file), 'utf8')] as const),
  );
  const operations = parseOperations(files[OPERATIONS_FILE] ?? '');
  if (operations) return { number, folder, files, operations };
  return problem(
    'a document is not the one that its hash names, or the list cannot be read',
    `${where}/${OPERATIONS_FILE}`,
    'Restore it from git: a published folder never changes, and clients name documents by these hashes.',
  );
};

const parseOperations = (json: string): RegisteredOperations | undefined => {
  try {
    const list: unknown = JSON.parse(json);
    if (!isRegistered(list)) return undefined;
    for (const { text } of Object.values(list)) parse(text);
    return list;
  } catch {
    return undefined;
  }
};

const isRegistered = (list: unknown): list is RegisteredOperations =>
  typeof list === 'object' &&
  list !== null &&
  !Array.isArray(list) &&
  Object.entries(list).every(
    ([hash, entry]: [string, unknown]) =>
      typeof entry === 'object' &&
      entry !== null &&
      'name' in entry &&
      typeof entry.name === 'string' &&
      'text' in entry &&
      typeof entry.text === 'string' &&
      hashOf(entry.text) === hash,
  );

export const numbered = (number: number): string => String(number).padStart(4, '0');

/** The API that `publication` promised, its definitions located in the registry's file; undefined when it is damaged. */
export const publishedApi = ({ folder, files }: Publication): GraphQLSchema | undefined => {
  try {
    return buildSchema(new Source(files[API_FILE] ?? '', `${REGISTRY}/${folder}/${API_FILE}`));
  } catch {
    return undefined;
  }
};
