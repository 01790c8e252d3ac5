import type { GraphQLSchema } from 'graphql';
import type { DecidedBreak } from './breaking-changes.ts';
import { changesBetween } from './changes.ts';
import type { RegisteredOperations } from './registry.ts';

export type NoteInput = {
  folder: string;
  now: Date;
  current: GraphQLSchema;
  /** Undefined for the first publication. */
  previous: GraphQLSchema | undefined;
  allowed: readonly DecidedBreak[];
  before: RegisteredOperations;
  after: RegisteredOperations;
};

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`## ${title}`, ...lines.map((line) => `- ${line}`), ''];

const namesIn = (list: RegisteredOperations, other: RegisteredOperations): string[] =>
  Object.entries(list)
    .filter(([hash]) => !Object.hasOwn(other, hash))
    .map(([hash, { name }]) => `\`${name}\` ${hash}`);

/** `note.md` of a publication: what it adds and takes away, for whoever reads the registry later. */
export const noteOf = ({ folder, now, current, previous, allowed, before, after }: NoteInput): string => {
  const changes = previous ? changesBetween(previous, current) : { added: [], dangerous: [] };
  return [
    `# ${folder.slice(folder.lastIndexOf('/') + 1)}`,
    `Published ${now.toISOString().slice(0, 10)}.${previous ? '' : ' The first publication.'}`,
    '',
    ...section(
      'Added',
      changes.added.map((coordinate) => `\`${coordinate}\``),
    ),
    ...section(
      'Broken, by decision',
      allowed.map(({ break: { description }, record }) => `${description} (${record})`),
    ),
    ...section('Worth a look (not breaking)', changes.dangerous),
    ...section('Documents added to the trusted list', namesIn(after, before)),
    ...section('Documents no longer written by the app (still accepted)', namesIn(before, after)),
  ].join('\n');
};
