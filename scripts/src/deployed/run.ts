/** How one of our `main.ts` becomes a process. */
import { join } from 'node:path';
import type { Ports } from './ports.ts';
import { type Program, startProgram } from './program.ts';

export type Variables = Readonly<Record<string, string>>;

export type RunOptions = {
  /** Of this house: logs, keys, states. */
  directory: string;
  ports: Ports;
  /** Of `SEED_WORLD`. */
  world: string;
  logLevel: string;
  /** What every process is told beside the usual. */
  variables?: Variables;
};

export type Run = (
  name: string,
  main: string,
  port: number,
  variables: Variables,
  ready?: () => Promise<void>,
) => Program;

const ROOT = join(import.meta.dirname, '../../..');

export const at = (port: number, path = '', scheme: 'http' | 'https' = 'http'): string =>
  `${scheme}://127.0.0.1:${port}${path}`;

/** Starts what it is given and remembers it in `programs`. */
export const createRun =
  ({ directory, world, logLevel, variables: usual }: RunOptions, programs: Program[]): Run =>
  (name, main, port, variables, ready) => {
    const env = {
      PATH: process.env['PATH'],
      NODE_ENV: 'development',
      LOG_LEVEL: logLevel,
      // A process that is started a hundred times need not compile its sources a hundred times.
      NODE_COMPILE_CACHE: join(directory, 'compiled'),
      SEED_WORLD: world,
      ...usual,
      ...variables,
    };
    const program = startProgram({
      name,
      command: process.execPath,
      parameters: [join(ROOT, main)],
      options: { cwd: ROOT, env },
      port,
      ...(ready && { ready }),
      log: join(directory, `${name}.log`),
    });
    programs.push(program);
    return program;
  };
