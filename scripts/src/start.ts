/** `npm start`: the whole house, until SIGTERM or Ctrl-C. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ConfigError } from '@house/kernel/config';
import { createLifecycle, drainOnSignals } from '@house/kernel/lifecycle';
import { requireNode } from '@house/kernel/runtime';
import { createTelemetry } from '@house/kernel/telemetry';
import { parseHouseConfig } from './house/config.ts';
import { greet } from './house/greeting.ts';
import { startHouse } from './house/house.ts';

const HELP = `npm start — runs the whole house on this machine until Ctrl-C.

Without any setting it needs nothing but Node: the database is embedded, the platform is a simulator, and a development
authorization server issues tokens. Set DATABASE_URL, REDIS_URL, PLATFORM_URL or AUTH_ISSUER to use real ones; ports, the
data folder and the log level have variables too. All of them: docs/configuration.md.
`;

requireNode();
if (process.argv.includes('--help')) {
  process.stdout.write(HELP);
  process.exit(0);
}

const clock = (): Date => new Date();
const exit = (code: number): void => process.exit(code);

const main = async (): Promise<void> => {
  const config = parseHouseConfig(process.env);
  const telemetry = createTelemetry({ service: 'house', level: config.LOG_LEVEL });
  const lifecycle = createLifecycle({ log: telemetry.log });
  drainOnSignals({ lifecycle, log: telemetry.log, clock, exit });
  try {
    const house = await startHouse({
      config,
      lifecycle,
      clock,
      random: randomBytes,
      telemetry,
      root: join(import.meta.dirname, '../..'),
    });
    process.stdout.write(await greet(house, { explorer: config.EXPLORER !== 'off' && !config.AUTH_ISSUER }));
  } catch (error) {
    telemetry.log.debug('start-failed', { error });
    await lifecycle.stop();
    throw error;
  }
};

main().catch((error: unknown) => {
  const occupied = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  const words = occupied
    ? `A port is in use (${(error as Error).message}). Is the house running already? Each port has a variable, see npm start -- --help.`
    : error instanceof ConfigError
      ? error.message
      : `The house cannot start: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${words}\n`);
  exit(1);
});
