/** Reads what turbo did and tells it: the output of what failed and how to mend it, a table, the sum of the tests. */
import type { Stage } from './stages.ts';

/** What we read of turbo's summary of a run. Times are Unix milliseconds. */
export type TurboSummary = {
  tasks: readonly {
    /** Without the package that it belongs to. */
    task: string;
    cache: { status: string };
    /** Absent when it was not run. */
    execution?: { startTime: number; endTime: number; exitCode?: number | null; error?: string };
  }[];
};

export type StageResult = {
  stage: Stage;
  state: 'ok' | 'unchanged' | 'failed' | 'not run';
  seconds: number;
};

export const readResults = (stages: readonly Stage[], { tasks }: TurboSummary): StageResult[] =>
  stages.map((stage) => {
    const ran = tasks.find(({ task }) => task === stage.task);
    const execution = ran?.execution;
    if (!ran || !execution) return { stage, state: 'not run', seconds: 0 };
    const failed = execution.exitCode !== 0 || execution.error !== undefined;
    const state = failed ? 'failed' : ran.cache.status === 'HIT' ? 'unchanged' : 'ok';
    return { stage, state, seconds: (execution.endTime - execution.startTime) / 1000 };
  });

export const isGreen = (results: readonly StageResult[]): boolean =>
  results.every(({ state }) => state === 'ok' || state === 'unchanged');

/** One line per stage: its state, its seconds, its name, what it proves. */
export const renderTable = (results: readonly StageResult[]): string =>
  results
    .map(
      ({ stage, state, seconds }) =>
        `${state.padEnd(9)} ${seconds.toFixed(1).padStart(6)} s  ${stage.name.padEnd(9)} ${stage.proves}`,
    )
    .join('\n');

/** The output of a failed stage under its name, with one line that says how to mend it. */
export const renderFailure = ({ stage }: StageResult, lines: readonly string[]): string =>
  `\n── ${stage.name} failed ──\n${lines.join('\n').trim()}\nTo mend: ${stage.mend}\n`;

/** The last line of that form: what `npm test` ends with. */
export const testSum = (lines: readonly string[]): string | undefined =>
  lines.map((line) => line.trim()).findLast((line) => /^\d+ passed, \d+ failed(?:, \d+ skipped)?$/.test(line));
