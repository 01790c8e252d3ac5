/** Decision records, `docs/decisions/*.md`, as far as the schema is concerned: the breaks that they name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'docs/decisions';
const LINE = /^Breaks: (.+)$/;

/** What each `Breaks: …` line names → the record that has it. */
export const readDecidedBreaks = (root: string): ReadonlyMap<string, string> => {
  if (!existsSync(join(root, FOLDER))) return new Map();
  const records = readdirSync(join(root, FOLDER)).filter((file) => file.endsWith('.md'));
  return new Map(
    records.toSorted().flatMap((file) =>
      readFileSync(join(root, FOLDER, file), 'utf8')
        .split(/\r?\n/)
        .flatMap((line) => {
          const [, named] = LINE.exec(line.trimEnd()) ?? [];
          return named === undefined ? [] : [[named, `${FOLDER}/${file}`] as const];
        }),
    ),
  );
};
