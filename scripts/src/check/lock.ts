/** Checks `package-lock.json`; exits with 1 when it is not whole. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lock, lockProblems } from './lock-problems.ts';

const file = join(import.meta.dirname, '../../../package-lock.json');
const problems = lockProblems(JSON.parse(readFileSync(file, 'utf8')) as Lock);
for (const problem of problems) process.stdout.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
