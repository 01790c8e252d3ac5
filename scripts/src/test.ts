/**
 * `npm test`: every test, on the embedded drivers and on a real PostgreSQL and a real Redis.
 *
 * Finds what the chosen tests need, installs the Debian packages when it may, starts the servers on free ports, runs
 * jest, and stops what it started, whatever happens. Says what it used. The last line is the sum.
 */
import { resolve } from 'node:path';
import { requireNode } from '@house/kernel/runtime';
import { parseArguments } from './test/plan.ts';
import { runTests } from './test/run-tests.ts';

const HELP = `npm test [-- [--embedded] [paths and options of jest …]]

Runs every test. PostgreSQL and Redis (and Chromium, for a browser test) are found on this machine, started on free
ports and stopped again; where they are missing, their Debian packages are installed when this is root.

  --embedded             runs what needs no server; counts what was left out as skipped
  kernel                 runs the tests whose path contains "kernel"
  -t "a full flat"       runs the tests whose name matches

TEST_DATABASE_URL        a PostgreSQL superuser to use instead of starting a server
TEST_REDIS_URL           a Redis to use instead of starting a server; it is flushed by nobody but written to
TEST_CHROMIUM            the path of a Chromium
`;

requireNode();
const { help, embedded, jest } = parseArguments(process.argv.slice(2));
if (help) {
  process.stdout.write(HELP);
} else {
  process.exitCode = await runTests({
    root: resolve(import.meta.dirname, '../..'),
    embedded,
    parameters: jest,
    environment: process.env,
    isRoot: process.getuid?.() === 0,
    say: (line) => process.stdout.write(`${line}\n`),
  });
}
