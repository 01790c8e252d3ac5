import { afterEach, expect, test } from '@jest/globals';
import { createFixture, type Fixture } from './fixture.ts';
import { listTests, startJest } from './jest.ts';
import { summarize, summaryLine } from './summary.ts';

let fixture: Fixture | undefined;
afterEach(() => fixture?.remove());

const PASSES = "import { test } from '@jest/globals'; test('passes', () => {});";

const runOn = async (files: Record<string, string>) => {
  fixture = createFixture(files);
  const { done } = startJest({ root: fixture.root, parameters: [], environment: process.env, errors: () => undefined });
  const run = await done;
  const messages = JSON.stringify(run.result);
  return { line: summaryLine(summarize({ ...run, leftOut: 0 })), messages };
};

test('a file that cannot be loaded is not lost beside one that passes', async () => {
  const { line } = await runOn({ 'a.test.ts': PASSES, 'b.test.ts': "import './absent.js';" });
  expect(line).toBe('1 passed, 1 failed');
});

test('a file that leaves a server listening fails and is told what it left, although its tests passed', async () => {
  const { line, messages } = await runOn({
    'a.test.ts': PASSES,
    'b.test.ts': `import { test } from '@jest/globals'; import { createServer } from 'node:net';
      test('leaks', async () => { await new Promise((resolve) => createServer().listen(0, resolve)); });`,
  });
  expect(line).toBe('2 passed, 1 failed');
  expect(messages).toContain('a listening server (1)');
});

test('a file that leaves a child process running fails', async () => {
  const { line, messages } = await runOn({
    'a.test.ts': PASSES,
    'b.test.ts': `import { test } from '@jest/globals'; import { spawn } from 'node:child_process';
      test('leaks', () => { spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' }); });`,
  });
  expect(line).toBe('2 passed, 1 failed');
  expect(messages).toContain('a child process (1)');
});

test('the chosen test files are listed relative to the repository', () => {
  fixture = createFixture({ 'a.test.ts': PASSES, 'b/c.external.test.ts': PASSES });
  const list = (parameters: string[]) =>
    listTests({ root: fixture?.root ?? '', parameters, environment: process.env }).toSorted();
  expect(list([])).toEqual(['a.test.ts', 'b/c.external.test.ts']);
  expect(list(['c.external'])).toEqual(['b/c.external.test.ts']);
  expect(list(['nothing-like-this'])).toEqual([]);
});
