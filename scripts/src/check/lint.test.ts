import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '../../..');
const VIOLATIONS = `
export const later = async (): Promise<number> => 1;
later();
[1].forEach(async () => { await later(); });
export const told = (state: 'a' | 'b'): number => { switch (state) { case 'a': return 1; } return 2; };
export const loose: any = 1;
export const sure = (text: string | undefined): string => text!;
export const now = [new Date(), new Date, Date()];
export const soon = Date.now();
export const chance = Math.random();
export const port = process.env['PORT'];
export const forgotten = (): void => { const unread = 1; };
`;
const FILES = {
  'tsconfig.json': JSON.stringify({
    compilerOptions: { strict: true, module: 'NodeNext', target: 'ES2024' },
    include: ['**/*.ts'],
  }),
  'gateway/src/violations.ts': VIOLATIONS,
  'gateway/src/process.ts': "import process from 'node:process';\nexport const pid = process.pid;\n",
  'gateway/src/long.ts': `${'export {};\n'.repeat(401)}`,
  'gateway/src/long-function.ts': `export const f = (): void => {\n${'  f();\n'.repeat(101)}};\n`,
  'gateway/src/main.ts': 'export const edge = [new Date(), Date.now(), Math.random(), process.env];\n',
  'gateway/src/x.test.ts': `import { test } from '@jest/globals';\ntest.skip('a', () => {});\ntest.only('b', () => {});\n`,
  'tests/long.test.ts': `export const f = (): void => {\n${'  f();\n'.repeat(401)}};\nexport const now = Date.now();\n`,
};

let root: string;
let found: string[];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'house-lint-'));
  for (const path of ['.oxlintrc.json', 'scripts/src/check/lint-plugin.js']) cpSync(join(ROOT, path), join(root, path));
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/oxlint'), ['--type-aware', '-f', 'unix', '.'], {
    cwd: root,
    encoding: 'utf8',
  });
  found = stdout.split('\n').filter((line) => line.includes('[Error/'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const rulesIn = (file: string): string[] =>
  found
    .filter((line) => line.startsWith(file))
    .map((line) => /\[Error\/(.*)\]$/.exec(line)?.[1] ?? line)
    .toSorted();

test('every planted violation is found and named', () => {
  expect(rulesIn('gateway/src/violations.ts')).toEqual(
    [
      'typescript(no-floating-promises)',
      'typescript(no-misused-promises)',
      'typescript(switch-exhaustiveness-check)',
      'typescript(no-explicit-any)',
      'typescript(no-non-null-assertion)',
      'house(no-ambient-date)',
      'house(no-ambient-date)',
      'house(no-ambient-date)',
      'eslint(no-restricted-properties)',
      'eslint(no-restricted-properties)',
      'eslint(no-restricted-properties)',
      'eslint(no-unused-vars)',
    ].toSorted(),
  );
  expect(rulesIn('gateway/src/process.ts')).toEqual(['eslint(no-restricted-imports)']);
  expect(rulesIn('gateway/src/long.ts')).toEqual(['eslint(max-lines)']);
  expect(rulesIn('gateway/src/long-function.ts')).toEqual(['eslint(max-lines-per-function)']);
  expect(rulesIn('gateway/src/x.test.ts')).toEqual(['jest(no-disabled-tests)', 'jest(no-focused-tests)']);
});

test('the edge may read the clock, chance and the environment, and a test may be long', () => {
  expect(rulesIn('gateway/src/main.ts')).toEqual([]);
  expect(rulesIn('tests/long.test.ts')).toEqual([]);
});
