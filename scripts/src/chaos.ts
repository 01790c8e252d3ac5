/** `npm run chaos`: what was promised while everything is being killed. */
import { parseArgs } from 'node:util';
import { requireNode } from '@house/kernel/runtime';
import { worldSizeOf } from '@house/schema/platform/world.ts';
import { BUGS, isBug } from './chaos/bugs.ts';
import { isClean, runChaos } from './chaos/run.ts';
import { runSensitivity } from './chaos/sensitivity.ts';

const HELP = `npm run chaos -- [--ops N] [--seed S] [--bug NAME | --sensitivity]

Starts the house as processes of its own on a real PostgreSQL (fsync on) and a real Redis (no persistence): the platform
simulator, the authorization server, owners, smart-home twice, the gateway. 36 residents open doors and change their
vehicles while processes are killed, at least one for every 30 operations, and four of ten calls to the platform go wrong.
Then everything is let be, and the platform's ledger is compared with what was promised. docs/chaos.md says how.

The last line is one JSON object. Exit 1 unless lost, duplicated, late, falseNotOpened and outOfOrder are 0 and all
operations were accepted.

  --ops N         operations that are to be accepted (2000; 120 for each bug)
  --seed S        a whole number (11): who does what, and who is killed when. How the processes are scheduled is nobody's
                  choice, so the same seed makes the same trouble, not the same history.
  --bug NAME      with a bug that is planted into smart-home from outside: it is to be caught
  --sensitivity   each bug in turn, those that a run missed once or twice more; exit 1 unless all are caught

  bugs: ${Object.keys(BUGS).join(', ')}

LOG_LEVEL   of the services (warn). Their logs are kept when something was wrong.
SEED_WORLD  small or large (large)
`;

requireNode();

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const refuse = (reason: string): never => {
  say(`${reason}\n\n${HELP}`);
  return process.exit(2);
};
const readOptions = () => {
  try {
    return parseArgs({
      options: {
        ops: { type: 'string' },
        seed: { type: 'string', default: '11' },
        bug: { type: 'string' },
        sensitivity: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
};
const count = (name: string, text: string, least: number): number => {
  const value = Number(text);
  return Number.isInteger(value) && value >= least ? value : refuse(`--${name} takes a whole number from ${least}`);
};

const main = async ({ bug, sensitivity, ...options }: ReturnType<typeof readOptions>): Promise<number> => {
  const ops = count('ops', options.ops ?? (sensitivity ? '120' : '2000'), 1);
  const seed = count('seed', options.seed, 0);
  if (bug !== undefined && !isBug(bug)) return refuse(`there is no bug ${bug}`);
  const world = worldSizeOf(process.env['SEED_WORLD'] ?? 'large') ?? refuse('SEED_WORLD is small or large');
  if (sensitivity) {
    const caught = await runSensitivity({ ops, seed, say });
    process.stdout.write(`${JSON.stringify(caught)}\n`);
    return caught.missed.length === 0 ? 0 : 1;
  }
  const result = await runChaos({
    ops,
    seed,
    bug,
    world,
    logLevel: process.env['LOG_LEVEL'] ?? 'warn',
    environment: process.env,
    isRoot: process.getuid?.() === 0,
    say,
  });
  const passed = isClean(result) && result.ops >= ops;
  if (result.ops < ops) say(`only ${result.ops} of ${ops} operations were accepted`);
  if (!passed) say(`again: npm run chaos -- --ops ${ops} --seed ${seed}${bug ? ` --bug ${bug}` : ''}`);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return passed ? 0 : 1;
};

const options = readOptions();
if (options.help) process.stdout.write(HELP);
else process.exitCode = await main(options);
