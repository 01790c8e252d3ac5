/**
 * Whether the harness can fail: each seeded bug in a run of its own, where the counters that are meant must find it. What a
 * short run misses by chance is looked for in longer ones.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { BUGS, type Bug } from './bugs.ts';
import type { Result } from './run.ts';

export type Caught = { bugs: number; caught: Bug[]; missed: Bug[]; seconds: number };

/** How much longer each further run is. */
const LONGER = [1, 2, 4];

const CHAOS = join(import.meta.dirname, '../chaos.ts');

/** Undefined when the run itself went wrong, which shows nothing. */
const runWith = async (bug: Bug, { ops, seed }: { ops: number; seed: number }): Promise<Result | undefined> => {
  const parameters = [CHAOS, '--ops', String(ops), '--seed', String(seed), '--bug', bug];
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += String(chunk);
  });
  await once(child, 'close');
  try {
    return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Result;
  } catch {
    return undefined;
  }
};

export const runSensitivity = async ({
  ops,
  seed,
  say,
}: {
  ops: number;
  seed: number;
  say: (line: string) => void;
}): Promise<Caught> => {
  const started = Date.now();
  const caught: Bug[] = [];
  const missed: Bug[] = [];
  const table: string[] = [];
  for (const bug of Object.keys(BUGS) as Bug[]) {
    let isCaught = false;
    for (const [turn, times] of LONGER.entries()) {
      say(`\n${bug}`);
      const result = await runWith(bug, { ops: ops * times, seed: seed + turn });
      isCaught = result !== undefined && BUGS[bug].some((counter) => result[counter] > 0);
      table.push(`${isCaught ? 'caught' : 'MISSED'}  ${bug.padEnd(24)}${JSON.stringify(result ?? 'the run failed')}`);
      if (isCaught) break;
    }
    (isCaught ? caught : missed).push(bug);
  }
  for (const line of table) say(line);
  return { bugs: caught.length + missed.length, caught, missed, seconds: Math.round((Date.now() - started) / 1_000) };
};
