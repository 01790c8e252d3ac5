/** The two servers, each as a process that can be killed: PostgreSQL with fsync on, Redis that keeps nothing. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, find, type Program as Needed, provide } from '../test/binaries.ts';
import { createCluster, postgresVersion } from '../test/postgres.ts';
import { redisVersion } from '../test/redis.ts';
import type { Ports } from './ports.ts';
import { type Program, startProgram } from './program.ts';

export type Servers = {
  readonly postgres: Program;
  readonly redis: Program;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
};

const DURABLE = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };

const found = (program: Needed, environment: Environment): string => {
  const path = find(program, environment);
  if (path === undefined) throw new Error(`${program} was there a moment ago`);
  return path;
};

/** Finds or installs both as `npm test` does. */
export const startServers = async ({
  directory,
  ports,
  environment,
  isRoot,
  settings = {},
  say,
}: {
  /** For their logs. */
  directory: string;
  ports: Ports;
  environment: Environment;
  isRoot: boolean;
  /** Of PostgreSQL, over those that make it durable. */
  settings?: Readonly<Record<string, string>>;
  say: (line: string) => void;
}): Promise<Servers> => {
  provide(['postgresql', 'redis'], { environment, isRoot, say });
  const cluster = await createCluster({ programs: found('postgresql', environment), isRoot });
  const [postgresPort, redisPort] = [await ports.next(), await ports.next()];
  const databaseUrl = cluster.url(postgresPort);
  const redisUrl = `redis://127.0.0.1:${redisPort}`;
  const redisFolder = join(directory, 'redis');
  mkdirSync(redisFolder);

  const postgres = startProgram({
    name: 'postgres',
    ...cluster.server(postgresPort, { ...DURABLE, ...settings }),
    port: postgresPort,
    ready: () => postgresVersion(databaseUrl),
    log: join(directory, 'postgres.log'),
    stopSignal: 'SIGINT',
  });
  const redis = startProgram({
    name: 'redis',
    command: found('redis', environment),
    parameters: [
      ...['--bind', '127.0.0.1', '--port', String(redisPort), '--dir', redisFolder, '--daemonize', 'no'],
      ...['--save', '', '--appendonly', 'no'],
    ],
    port: redisPort,
    log: join(directory, 'redis.log'),
  });
  const stop = async (): Promise<void> => {
    await Promise.all([redis.stop(), postgres.stop()]);
    cluster.remove();
  };
  try {
    await Promise.all([postgres.up(), redis.up()]);
    say(`${await postgresVersion(databaseUrl)}, fsync on; Redis ${await redisVersion(redisUrl)}, no persistence`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { postgres, redis, databaseUrl, redisUrl, stop };
};
