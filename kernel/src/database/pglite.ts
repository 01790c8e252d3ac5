import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite, type Transaction } from '@electric-sql/pglite';
import type { Database, Queryable, Row } from './database.ts';
import { statementError } from './statement-error.ts';

const queryable = (client: PGlite | Transaction): Queryable => ({
  query: async <R extends Row>(sql: string, parameters: readonly unknown[] = []) => {
    try {
      return (await client.query<R>(sql, [...parameters])).rows;
    } catch (error) {
      throw statementError(error);
    }
  },
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Folders that are open in this process: the lock file alone cannot tell, since a container gives every process the same id. */
const held = new Set<string>();

/**
 * PGlite takes no lock of its own: a second process would write and the first never see it. The lock file holds the
 * owner's process id; one left by a dead process is taken over.
 */
const lock = (directory: string): (() => void) => {
  const file = join(directory, 'owner.pid');
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const owner = Number(readFileSync(file, 'utf8'));
    // One that died between making the file and filling it left no id.
    if (owner > 0 && owner !== process.pid && isAlive(owner))
      throw new Error(
        `The embedded database in ${directory} is in use by process ${owner}. Stop it, choose another DATA_DIR, or set DATABASE_URL.`,
      );
    if (held.has(directory)) throw new Error(`The embedded database in ${directory} is already open in this process.`);
    writeFileSync(file, String(process.pid), { mode: 0o600 });
  }
  held.add(directory);
  return () => {
    held.delete(directory);
    rmSync(file, { force: true });
  };
};

/** @param directory where the data lives, or `memory` for a database that ends with the process. */
export const openPglite = async (directory: string): Promise<Database> => {
  let unlock = () => {};
  if (directory !== 'memory') {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    unlock = lock(directory);
  }
  let client: PGlite;
  try {
    client = await PGlite.create(directory === 'memory' ? 'memory://' : join(directory, 'data'));
  } catch (error) {
    unlock();
    throw error;
  }
  return {
    ...queryable(client),
    transaction: (work) => client.transaction((transaction) => work(queryable(transaction))),
    run: async (script) => void (await client.exec(script)),
    version: async () => String((await client.query<{ version: string }>('SELECT version()')).rows[0]?.version),
    close: async () => {
      await client.close();
      unlock();
    },
  };
};
