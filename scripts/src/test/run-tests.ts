/** One run of the tests, from finding the servers to the summed line. */
import { type Environment, find, type Program, provide } from './binaries.ts';
import { listTests, startJest } from './jest.ts';
import { type Plan, planTests } from './plan.ts';
import { postgresVersion, startPostgres } from './postgres.ts';
import { redisVersion, startRedis } from './redis.ts';
import { type Summary, summarize, summaryLine } from './summary.ts';

export type TestRun = {
  /** The repository. */
  root: string;
  embedded: boolean;
  /** Handed to jest. */
  parameters: readonly string[];
  environment: Environment;
  isRoot: boolean;
  /** Writes a line to standard output. */
  say: (line: string) => void;
};

type Stop = () => Promise<void> | void;
type Variables = Record<string, string>;

const found = (program: Program, environment: Environment): string => {
  const path = find(program, environment);
  if (path === undefined) throw new Error(`${program} was there a moment ago`);
  return path;
};

const givenOrStarted = async (
  given: string | undefined,
  variable: string,
  start: () => Promise<{ url: string; stop: Stop }>,
  stops: Stop[],
): Promise<{ url: string; from: string }> => {
  if (given) return { url: given, from: `given by ${variable}` };
  const { url, stop } = await start();
  stops.push(stop);
  return { url, from: 'started for this run' };
};

/** Starts the two servers one after the other: when the second fails, the first is known and stopped. */
const startServers = async ({ environment, isRoot, say }: TestRun, stops: Stop[]): Promise<Variables> => {
  const postgres = await givenOrStarted(
    environment['TEST_DATABASE_URL'],
    'TEST_DATABASE_URL',
    () => startPostgres({ programs: found('postgresql', environment), isRoot }),
    stops,
  );
  say(`${await postgresVersion(postgres.url)}, ${postgres.from}`);
  const binary = found('redis', environment);
  const redis = await givenOrStarted(
    environment['TEST_REDIS_URL'],
    'TEST_REDIS_URL',
    () => startRedis({ binary }),
    stops,
  );
  say(`Redis ${await redisVersion(redis.url)}, ${redis.from}`);
  const programs = find('postgresql', environment);
  return {
    TEST_DATABASE_URL: postgres.url,
    TEST_REDIS_URL: redis.url,
    TEST_REDIS_SERVER: binary,
    ...(programs ? { TEST_PG_BIN: programs } : {}),
  };
};

/** Finds, installs and starts what the plan names; resolves to what the tests are told about it. */
const prepare = async (plan: Plan, run: TestRun, stops: Stop[]): Promise<Variables> => {
  const { environment, say } = run;
  // A given PostgreSQL needs no program here; a given Redis does, because some tests stop and start one of their own.
  provide(
    plan.programs.filter((program) => program !== 'postgresql' || !environment['TEST_DATABASE_URL']),
    run,
  );
  const variables = plan.programs.includes('postgresql') ? await startServers(run, stops) : {};
  if (!plan.programs.includes('chromium')) return variables;
  const chromium = found('chromium', environment);
  say(`Chromium at ${chromium}`);
  return { ...variables, TEST_CHROMIUM: chromium };
};

/** Variables that would lead our own code to somebody's servers, or call for projects that were left out. */
const withoutServers = (environment: Environment): Environment => {
  const { DATABASE_URL, REDIS_URL, TEST_DATABASE_URL, TEST_REDIS_URL, TEST_CHROMIUM, ...rest } = environment;
  return rest;
};

const HOW_TO_RUN_THE_REST = '`npm test -- --embedded` runs the tests that need none of this.';

/** Remembers the first signal. Nothing is cut off half started: the run looks at it between its steps. */
const watchSignals = (): { received: () => NodeJS.Signals | undefined; onSignal: (react: () => void) => void } => {
  let first: NodeJS.Signals | undefined;
  const reactions: (() => void)[] = [];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      first ??= signal;
      for (const react of reactions) react();
    });
  }
  return { received: () => first, onSignal: (react) => void reactions.push(react) };
};

const toMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Plans, prepares, runs jest and sums; adds to `stops` what has to be stopped afterwards. */
const runPlanned = async (run: TestRun, stops: Stop[]): Promise<Summary> => {
  const { root, embedded, environment, say, parameters } = run;
  const signals = watchSignals();
  const goOn = () => {
    if (signals.received()) throw new Error(`stopped by ${signals.received()}`);
  };
  const files = listTests({ root, parameters, environment });
  const plan = planTests(files, { embedded, hasChromium: find('chromium', environment) !== undefined });
  goOn();
  const variables = await prepare(plan, run, stops).catch((error: unknown) => {
    goOn();
    throw new Error(`${toMessage(error)}\n${HOW_TO_RUN_THE_REST}`, { cause: error });
  });
  goOn();
  const jest = startJest({ root, parameters, environment: { ...withoutServers(environment), ...variables } });
  signals.onSignal(jest.stop);
  const outcome = await jest.done;
  goOn();
  for (const part of plan.leftOut) say(`left out, ${part.why}: ${part.files.length} test files`);
  return summarize({ ...outcome, leftOut: plan.leftOut.reduce((sum, part) => sum + part.files.length, 0) });
};

const stopAll = async (stops: readonly Stop[]): Promise<void> => {
  for (const stop of stops.toReversed()) {
    try {
      await stop();
    } catch (error) {
      process.stderr.write(`not stopped: ${toMessage(error)}\n`);
    }
  }
};

/** Resolves to the exit code: 0 only when tests ran and none failed. Whatever was started is stopped by then. */
export const runTests = async (run: TestRun): Promise<number> => {
  const stops: Stop[] = [];
  let summary: Summary;
  try {
    summary = await runPlanned(run, stops);
  } catch (error) {
    summary = { passed: 0, failed: 1, skipped: 0, problems: [toMessage(error)] };
  } finally {
    await stopAll(stops);
  }
  for (const problem of summary.problems) run.say(`failed: ${problem}`);
  run.say(summaryLine(summary));
  return summary.failed > 0 ? 1 : 0;
};
