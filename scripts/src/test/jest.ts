/** Runs jest as a process of its own and reads its result. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from './binaries.ts';
import type { JestResult, Run } from './summary.ts';

const JEST = fileURLToPath(import.meta.resolve('jest/bin/jest'));
/** Jest runs ES modules through an interface that Node calls experimental; that one remark is not repeated per worker. */
const NODE_OPTIONS = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];

/** The test files that the arguments choose, relative to `root`. */
export const listTests = ({ root, parameters, environment }: JestOptions): string[] => {
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    [...NODE_OPTIONS, JEST, '--listTests', '--passWithNoTests', ...parameters],
    { cwd: root, env: { ...environment, TEST_LISTING: '1' }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const files = stdout.split('\n').filter((line) => line.endsWith('.ts'));
  return [...new Set(files.map((file) => relative(root, file)))];
};

export type JestOptions = {
  root: string;
  parameters: readonly string[];
  environment: Environment;
  /** Where jest's own report goes; standard error when not given. */
  errors?: (text: Buffer) => void;
};

/** Jest notices a leak but does not fail for it; without `--forceExit` it would even wait for ever. */
const COMPLAINTS = [
  {
    text: 'A worker process has failed to exit gracefully',
    means: 'a test file left something running in its worker',
    waits: false,
  },
  { text: 'Jest did not exit one second after the test run', means: 'a test file left something running', waits: true },
];

const SIGNAL_LIMIT_MS = 8_000;

/** Ends jest with everything the tests started: they are one process group. */
const endGroup = (child: ChildProcess): void => {
  const send = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group is gone.
    }
  };
  send('SIGTERM');
  const timer = setTimeout(() => send('SIGKILL'), SIGNAL_LIMIT_MS);
  child.once('exit', () => {
    clearTimeout(timer);
    send('SIGKILL');
  });
};

const readResult = (file: string): JestResult | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JestResult;
  } catch {
    return undefined;
  }
};

/** Starts jest. `stop` ends it early; `done` resolves when it is gone. */
export const startJest = ({
  root,
  parameters,
  environment,
  errors = (text) => void process.stderr.write(text),
}: JestOptions): { done: Promise<Omit<Run, 'leftOut'>>; stop(): void } => {
  const folder = mkdtempSync(join(tmpdir(), 'house-jest-'));
  const outputFile = join(folder, 'result.json');
  const child = spawn(
    process.execPath,
    [...NODE_OPTIONS, JEST, '--json', `--outputFile=${outputFile}`, ...parameters],
    {
      cwd: root,
      env: { ...environment, ...(process.stderr.isTTY ? { FORCE_COLOR: '1' } : {}) },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    },
  );
  const leaks = new Set<string>();
  child.stderr?.on('data', (chunk: Buffer) => {
    errors(chunk);
    for (const { text, means, waits } of COMPLAINTS) {
      if (!chunk.includes(text)) continue;
      leaks.add(means);
      if (waits) endGroup(child);
    }
  });
  const done = new Promise<Omit<Run, 'leftOut'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      const result = readResult(outputFile);
      rmSync(folder, { recursive: true, force: true });
      resolve({ result, exitCode, leaks: [...leaks] });
    });
  });
  return { done, stop: () => endGroup(child) };
};
