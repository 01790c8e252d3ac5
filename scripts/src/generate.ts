/** `npm run generate`: writes every generated file; `-- --check` only says which committed one is stale. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CATALOGUE } from '@house/kernel/errors';
import { requireNode } from '@house/kernel/runtime';
import { findStale, generateFiles, writeFiles } from './generate/generated-files.ts';
import { MAPPERS } from './generate/mappers.ts';
import { type Problem, renderProblems } from './schema/problem.ts';

const HELP = `npm run generate [-- --check]

Writes schema/supergraph.graphql, docs/errors.md and, not committed, the types of each subgraph's resolvers.
  --check  leaves the committed files alone and exits with 1, naming each that is stale
           (the resolvers' types are written all the same: type checking needs them)
`;

const root = join(import.meta.dirname, '../..');

const fail = (problems: readonly Problem[]): void => {
  process.stderr.write(`${renderProblems(problems)}\n`);
  process.exitCode = 1;
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const generated = await generateFiles({ root, catalogue: CATALOGUE, mappers: MAPPERS });
  if (!generated.ok) return fail(generated.problems);
  const { files } = generated;
  const written = writeFiles(root, values.check ? files.filter(({ committed }) => !committed) : files);
  const stale = findStale(root, files);
  if (stale.length > 0) return fail(stale);
  process.stdout.write(
    `generated: ${files.length} files up to date${written.map((path) => `\n  wrote ${path}`).join('')}\n`,
  );
};

requireNode();
await main();
