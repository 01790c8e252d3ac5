/** `npm run timing`: whether the time of an answer tells anything of a plate. */
import { parseArgs } from 'node:util';
import { requireNode } from '@house/kernel/runtime';
import { isWithoutLeak, measureTiming } from './timing/measure.ts';

const HELP = `npm run timing -- [--pairs N] [--leak]

Starts the house in a process of its own and adds plates to it over the gateway: new ones, ones that are the asker's
already, a neighbour's, and ones that the platform refuses for good, in random order. Compares the times of the answers by
Welch's t-test, as dudect does, also without the slowest tenth. The last line is one JSON object; exit 1 unless every |t|
is below 4.5. 20 000 pairs take about an hour and a half.

  --pairs N   of each kind with a new one (20000)
  --leak      against a house that answers at once when somebody else has the plate: it is to be caught
`;

requireNode();

const refuse = (reason: string): never => {
  process.stderr.write(`${reason}\n\n${HELP}`);
  return process.exit(2);
};
const readOptions = () => {
  try {
    return parseArgs({
      options: {
        pairs: { type: 'string', default: '20000' },
        leak: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
};

const { help, leak, ...options } = readOptions();
if (help) process.stdout.write(HELP);
else {
  const pairs = Number(options.pairs);
  if (!Number.isInteger(pairs) || pairs < 2) refuse('--pairs takes a whole number from 2');
  const report = await measureTiming({ pairs, leak, say: (line) => void process.stderr.write(`${line}\n`) });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = isWithoutLeak(report) ? 0 : 1;
}
