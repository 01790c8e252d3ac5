import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { createFixture, type Fixture } from './fixture.ts';

/** Tells that it runs, and with what, and then never ends; its child would outlive it if nobody cared. */
const HANGS = `
  import { test } from '@jest/globals';
  import { spawn } from 'node:child_process';
  import { renameSync, writeFileSync } from 'node:fs';
  const SERVER = "require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
  test('hangs', async () => {
    const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'ignore'] });
    const port = await new Promise((resolve) => child.stdout.once('data', (chunk) => resolve(Number(chunk))));
    const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;
    writeFileSync('writing.json', JSON.stringify([TEST_DATABASE_URL, TEST_REDIS_URL, 'tcp://127.0.0.1:' + port]));
    renameSync('writing.json', 'running.json');
    await new Promise(() => {});
  }, 600_000);
`;

const RUNNER = `
  import { runTests } from ${JSON.stringify(join(import.meta.dirname, 'run-tests.ts'))};
  process.exitCode = await runTests({
    root: process.cwd(), embedded: false, parameters: [], environment: process.env,
    isRoot: process.getuid?.() === 0, say: (line) => process.stdout.write(line + '\\n'),
  });
`;

let fixture: Fixture;
let temporary: string;
let runner: ChildProcess;
let output: string;

const startRunner = (files: Record<string, string>) => {
  fixture = createFixture(files);
  // PostgreSQL's account has to reach its folder.
  temporary = mkdtempSync(join(tmpdir(), 'house-runner-'));
  chmodSync(temporary, 0o755);
  const { TEST_DATABASE_URL, TEST_REDIS_URL, TEST_CHROMIUM, ...environment } = process.env;
  runner = spawn(process.execPath, ['--input-type=module', '-e', RUNNER], {
    cwd: fixture.root,
    env: { ...environment, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  output = '';
  runner.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  runner.stderr?.resume();
};

afterEach(async () => {
  if (runner.exitCode === null && runner.signalCode === null) {
    runner.kill('SIGTERM');
    await once(runner, 'exit');
  }
  fixture.remove();
  rmSync(temporary, { recursive: true, force: true });
});

const until = async (condition: () => boolean): Promise<void> => {
  const abandoned = AbortSignal.timeout(20_000);
  while (!condition()) {
    abandoned.throwIfAborted();
    await delay(20);
  }
};

const answers = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const ended = async (): Promise<number | null> => (await once(runner, 'close'))[0];

test('SIGTERM stops the servers, the tests and what the tests started, and says so', async () => {
  startRunner({ 'a.external.test.ts': HANGS });
  const marker = join(fixture.root, 'running.json');
  await until(() => existsSync(marker));
  const urls = JSON.parse(readFileSync(marker, 'utf8')) as string[];
  expect(await Promise.all(urls.map(answers))).toEqual([true, true, true]);
  runner.kill('SIGTERM');
  expect(await ended()).toBe(1);
  expect(await Promise.all(urls.map(answers))).toEqual([false, false, false]);
  expect(readdirSync(temporary)).toEqual([]);
  expect(output).toMatch(/PostgreSQL \d+.*\nRedis \d+.*\nfailed: stopped by SIG.*\n0 passed, 1 failed\n$/);
});

test('a signal while the servers are starting leaves none behind', async () => {
  startRunner({ 'a.external.test.ts': HANGS });
  await until(() => readdirSync(temporary).some((name) => name.startsWith('house-postgres-')));
  runner.kill('SIGTERM');
  expect(await ended()).toBe(1);
  expect(readdirSync(temporary)).toEqual([]);
});

test('a run that ends by itself leaves no server and no folder behind', async () => {
  startRunner({ 'a.external.test.ts': "import { test } from '@jest/globals'; test('passes', () => {});" });
  expect(await ended()).toBe(0);
  expect(output).toMatch(/\n1 passed, 0 failed\n$/);
  expect(readdirSync(temporary)).toEqual([]);
});
