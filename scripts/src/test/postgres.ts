/**
 * A PostgreSQL server of the tests' own: a fresh cluster in a temporary folder, on a free port of the loopback
 * address, for a user of its own. Never run as root, which PostgreSQL refuses.
 */
import { execFile, type SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { onFreePort, startService, untilReady } from './child.ts';

const run = promisify(execFile);

export type StartedPostgres = {
  /** Of a superuser, who may create databases. */
  readonly url: string;
  stop(): Promise<void>;
};

/** What the server says about itself. */
export const postgresVersion = async (url: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return (await client.query<{ version: string }>('SELECT version()')).rows[0]?.version ?? 'unknown';
  } finally {
    await client.end();
  }
};

type Account = { uid: number; gid: number };

/** PostgreSQL's own account where its package made one, otherwise the one that owns nothing. */
const unprivilegedAccount = async (): Promise<Account> => {
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all(
        ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)),
      );
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {
      // The next account.
    }
  }
  throw new Error('PostgreSQL does not run as root, and neither the account `postgres` nor `nobody` exists.');
};

const USER = 'house';

const ALWAYS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  log_min_messages: 'warning',
};

/** Durability is off: the folder lives as long as the test run, and no test pulls the plug of the machine. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
};

export type Cluster = {
  /** How its server is started on `port`. */
  server(
    port: number,
    settings?: Readonly<Record<string, string>>,
  ): { command: string; parameters: string[]; options: SpawnOptions };
  /** Of a superuser, who may create databases. */
  url(port: number): string;
  /** Forgets its data; the server has ended by then. */
  remove(): void;
};

/** A fresh cluster that nobody serves yet. `isRoot` says that another account has to own it. */
export const createCluster = async ({ programs, isRoot }: { programs: string; isRoot: boolean }): Promise<Cluster> => {
  const account = isRoot ? await unprivilegedAccount() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'house-postgres-'));
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  const password = randomBytes(18).toString('base64url');
  // Its messages are read by `onFreePort`, so they are asked for in English.
  const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' }, ...account };
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (account) for (const path of [folder, passwordFile]) chownSync(path, account.uid, account.gid);
    await run(
      join(programs, 'initdb'),
      [
        '-D',
        data,
        '-U',
        USER,
        '-E',
        'UTF8',
        '--locale=C',
        '-A',
        'scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--no-sync',
      ],
      options,
    );
  } catch (error) {
    remove();
    throw error;
  }
  return {
    server: (port, settings = {}) => ({
      command: join(programs, 'postgres'),
      parameters: [
        '-D',
        data,
        '-p',
        String(port),
        ...Object.entries({ ...ALWAYS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      options,
    }),
    url: (port) => `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`,
    remove,
  };
};

/** Starts a server from the programs in `programs`; `isRoot` says that another account has to own it. */
export const startPostgres = async (deps: { programs: string; isRoot: boolean }): Promise<StartedPostgres> => {
  const cluster = await createCluster(deps);
  try {
    return await onFreePort(async (port) => {
      const { command, parameters, options } = cluster.server(port, SETTINGS);
      const server = startService(command, parameters, { ...options, stopSignal: 'SIGINT' });
      const url = cluster.url(port);
      try {
        await untilReady(server, () => postgresVersion(url));
      } catch (error) {
        await server.stop();
        throw error;
      }
      return {
        url,
        stop: async () => {
          await server.stop();
          cluster.remove();
        },
      };
    });
  } catch (error) {
    cluster.remove();
    throw error;
  }
};
