import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readResults } from './report.ts';
import { runTurbo } from './run-turbo.ts';
import { STAGES } from './stages.ts';

const read = (file: string): string => readFileSync(join(import.meta.dirname, '../../..', file), 'utf8');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'house-turbo-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const GREEN = Object.fromEntries(STAGES.map(({ task, name }) => [task, `echo ran ${name}`]));

/** The repository's own turbo.json over other scripts. */
const runOver = async (scripts: Record<string, string>) => {
  const { packageManager } = JSON.parse(read('package.json')) as { packageManager: string };
  mkdirSync(join(root, 'kernel'));
  writeFileSync(join(root, 'kernel/package.json'), JSON.stringify({ name: 'kernel' }));
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({ name: 'root', packageManager, workspaces: ['kernel'], scripts }),
  );
  writeFileSync(join(root, 'turbo.json'), read('turbo.json'));
  const lines: string[] = [];
  const onLine = (task: string, line: string) => void lines.push(`${task}: ${line}`);
  const summary = await runTurbo({
    root,
    stages: STAGES,
    environment: { ...process.env, TEST_WORD: 'heard', SECRET: 'kept' },
    onLine,
  });
  return { states: readResults(STAGES, summary).map(({ stage, state }) => `${stage.name} ${state}`), lines };
};

test('every stage runs although the first ones fail, and what each said is told apart', async () => {
  const { states, lines } = await runOver({
    ...GREEN,
    'check:generated': 'echo stale && exit 1',
    'check:types': 'exit 2',
  });
  expect(states).toEqual(
    STAGES.map(({ name }) => `${name} ${name === 'generated' || name === 'types' ? 'failed' : 'ok'}`),
  );
  expect(lines).toEqual(expect.arrayContaining(['check:generated: stale', 'check:lint: ran lint', 'test: ran test']));
});

test('the tests hear the variables that are meant for them, and nothing else of the environment', async () => {
  const { lines } = await runOver({ ...GREEN, test: 'echo "[$TEST_WORD] [$SECRET]"' });
  expect(lines).toContain('test: [heard] []');
});
