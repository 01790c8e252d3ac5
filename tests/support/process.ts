/** The house as a stranger starts it: a process of its own, told by its environment, watched by its output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openServices } from './services.ts';

const ROOT = join(import.meta.dirname, '../..');

export type HouseProcess = {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it printed for people. */
  readonly printed: string;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
  dispose(): Promise<void>;
};

/** `npm start`'s own command. Resolves with the line `ready …`. @throws with what it said when it ends before. */
export const startHouseProcess = async (variables: Record<string, string> = {}): Promise<HouseProcess> => {
  const directory = await mkdtemp(join(tmpdir(), 'house-'));
  const services = await openServices();
  const child = spawn(process.execPath, ['scripts/src/start.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      DATA_DIR: directory,
      GATEWAY_PORT: '0',
      ADMIN_PORT: '0',
      AUTH_PORT: '0',
      PLATFORM_PORT: '0',
      SIM_PORT: '0',
      EVENTS_PORT: '0',
      ...services.variables,
      ...variables,
    },
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  let printed = '';
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  const dispose = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
    await services.release();
    await rm(directory, { recursive: true, force: true });
  };
  const ready = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk) => {
      printed += String(chunk);
      const url = /^ready (\S+)$/m.exec(printed)?.[1];
      if (url) resolve(url);
    });
  });
  const url = await Promise.race([ready, ended.then(() => undefined)]);
  if (url === undefined) {
    await dispose();
    throw new Error(said);
  }
  return { child, url, printed, ended, dispose };
};
