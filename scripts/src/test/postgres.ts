/**
 * A PostgreSQL server of the tests' own: a fresh cluster in a temporary folder, on a free port of the loopback
 * address, for a user of its own. Never run as root, which PostgreSQL refuses.
 */
import { execFile } from 'node:child_process';
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

/** Durability is off: the folder lives as long as the test run, and no test pulls the plug of the machine. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  log_min_messages: 'warning',
};

/** Starts a server from the programs in `programs`; `isRoot` says that another account has to own it. */
export const startPostgres = async ({
  programs,
  isRoot,
}: {
  programs: string;
  isRoot: boolean;
}): Promise<StartedPostgres> => {
  const account = isRoot ? await unprivilegedAccount() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'house-postgres-'));
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  const password = randomBytes(18).toString('base64url');
  // Its messages are read by `onFreePort`, so they are asked for in English.
  const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' }, ...account };
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
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
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return await onFreePort(async (port) => {
      const server = startService(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...settings], {
        ...options,
        stopSignal: 'SIGINT',
      });
      const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
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
          removeFolder();
        },
      };
    });
  } catch (error) {
    removeFolder();
    throw error;
  }
};
