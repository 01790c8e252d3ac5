/** A Redis server of the tests' own, on a free port of the loopback address, in a temporary folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onFreePort, startService, untilReady } from './child.ts';

export type StartedRedis = {
  readonly url: string;
  stop(): Promise<void>;
};

/** What the server says about itself. */
export const redisVersion = async (url: string): Promise<string> => {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  // The rejected command says the same.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return /^redis_version:(\S+)/m.exec(await client.info('server'))?.[1] ?? 'unknown';
  } finally {
    client.disconnect();
  }
};

/** Nothing is kept between runs unless a test asks for it, e.g. `['--appendonly', 'yes']`. */
const WITHOUT_PERSISTENCE = ['--save', '', '--appendonly', 'no'] as const;

/** Starts a server from the program at `binary`. `port` restarts one where its clients expect it. */
export const startRedis = async ({
  binary,
  port: fixedPort,
  settings = WITHOUT_PERSISTENCE,
}: {
  binary: string;
  port?: number;
  settings?: readonly string[];
}): Promise<StartedRedis> => {
  const folder = mkdtempSync(join(tmpdir(), 'house-redis-'));
  const start = async (port: number): Promise<StartedRedis> => {
    const server = startService(
      binary,
      ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--daemonize', 'no', ...settings],
      { cwd: folder, stopSignal: 'SIGTERM' },
    );
    const url = `redis://127.0.0.1:${port}`;
    try {
      await untilReady(server, () => redisVersion(url));
    } catch (error) {
      await server.stop();
      throw error;
    }
    return {
      url,
      stop: async () => {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  };
  try {
    return await (fixedPort === undefined ? onFreePort(start) : start(fixedPort));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
};
