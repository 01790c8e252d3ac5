/** Runs the stages as turbo's root tasks and reads its summary. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TurboSummary } from './report.ts';
import type { Stage } from './stages.ts';

const TURBO = fileURLToPath(import.meta.resolve('turbo/bin/turbo'));

export type TurboRun = {
  root: string;
  stages: readonly Stage[];
  environment: Readonly<Record<string, string | undefined>>;
  /** Every line of every task, as it comes. */
  onLine: (task: string, line: string) => void;
};

/** Turbo's prefix of a line of a root task. */
const PREFIXED = /^\/\/:([\w:-]+?): (.*)$/;

/** Throws, with turbo's own words, when it did not get as far as a summary. */
export const runTurbo = async ({ root, stages, environment, onLine }: TurboRun): Promise<TurboSummary> => {
  const child = spawn(
    process.execPath,
    [
      TURBO,
      'run',
      ...stages.map(({ task }) => `//#${task}`),
      '--only',
      '--continue=always',
      '--concurrency=2',
      '--summarize',
      '--ui=stream',
      '--log-prefix=task',
      '--log-order=stream',
    ],
    {
      cwd: root,
      env: { ...environment, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const words: string[] = [];
  let summaryFile: string | undefined;
  const read = (line: string) => {
    const [, task, text] = PREFIXED.exec(line) ?? [];
    if (task !== undefined && text !== undefined) return onLine(task, text);
    words.push(line);
    summaryFile ??= /^\s*Summary:\s+(.+?)\s*$/.exec(line)?.[1];
  };
  createInterface({ input: child.stdout }).on('line', read);
  createInterface({ input: child.stderr }).on('line', read);
  // Turbo hands the signal on to its tasks and waits for them.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (summaryFile === undefined) throw new Error(`turbo ended without a summary:\n${words.join('\n')}`);
  try {
    return JSON.parse(readFileSync(summaryFile, 'utf8')) as TurboSummary;
  } finally {
    rmSync(summaryFile, { force: true });
  }
};
