/**
 * `npm run check`: everything CI runs. Each stage runs to its end, whatever the others found; a failed one shows its
 * output and how to mend it. The last line is the sum of the tests.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { requireNode } from '@house/kernel/runtime';
import { isGreen, readResults, renderFailure, renderTable, testSum } from './check/report.ts';
import { runTurbo } from './check/run-turbo.ts';
import { chooseStages, STAGES, type Stage } from './check/stages.ts';

const HELP = `npm run check [-- --only <stage>,<stage> | --except <stage>,<stage>]

Runs, and tells how to mend what fails:
${STAGES.map(({ name, proves }) => `  ${name.padEnd(10)} ${proves}`).join('\n')}
`;

const root = resolve(import.meta.dirname, '../..');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, only: { type: 'string' }, except: { type: 'string' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const stages = chooseStages({
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
    ...(values.except === undefined ? {} : { except: values.except.split(',') }),
  });
  const output = new Map<string, string[]>(stages.map(({ task }) => [task, []]));
  const linesOf = ({ task }: Stage): string[] => output.get(task) ?? [];
  const onLine = (task: string, line: string): void => {
    output.get(task)?.push(line);
    // The tests take minutes and are followed as they run; the other stages are told when they fail.
    if (task === 'test') say(line);
  };
  const results = readResults(stages, await runTurbo({ root, stages, environment: process.env, onLine }));
  for (const result of results.filter(({ state, stage }) => state === 'failed' && stage.task !== 'test')) {
    say(renderFailure(result, linesOf(result.stage)));
  }
  say(`\n${renderTable(results)}`);
  const tested = results.find(({ stage }) => stage.task === 'test');
  if (tested) say(`\n${testSum(linesOf(tested.stage)) ?? '0 passed, 1 failed'}`);
  return isGreen(results) ? 0 : 1;
};

requireNode();
process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
