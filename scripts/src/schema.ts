/** `npm run schema -- compose | check | publish <name>`: the schema registry; see `--help`. */
import { join } from 'node:path';
import { requireNode } from '@house/kernel/runtime';
import { runSchemaCommand } from './schema/command.ts';

requireNode();
process.exitCode = runSchemaCommand({
  root: join(import.meta.dirname, '../..'),
  args: process.argv.slice(2),
  env: process.env,
  clock: () => new Date(),
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
