/** Databases of one's own: on the PostgreSQL server that `npm test` found or started, or in memory. */
import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '../database/database.ts';

/** @param server the URL of a superuser, from `TEST_DATABASE_URL`. */
export const createOwnDatabase = async (
  server: string | undefined,
): Promise<{ url: string; drop(): Promise<void> }> => {
  if (!server) throw new Error('TEST_DATABASE_URL is not set; run these tests through npm test.');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const asSuperuser = async (statement: string): Promise<void> => {
    const database = await openDatabase({ url: server });
    await database.run(statement);
    await database.close();
  };
  await asSuperuser(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asSuperuser(`DROP DATABASE ${name} WITH (FORCE)`) };
};

/** A database in memory that opens, and is prepared, when it is first asked: that takes a second, and not every test asks. */
export const openWhenAsked = (prepare: (database: Database) => Promise<void>): Database => {
  let opened: Promise<Database> | undefined;
  const open = (): Promise<Database> => {
    opened ??= openDatabase({ directory: 'memory' }).then(async (database) => {
      await prepare(database);
      return database;
    });
    return opened;
  };
  return {
    query: async (...asked) => (await open()).query(...asked),
    transaction: async (...asked) => (await open()).transaction(...asked),
    run: async (script) => (await open()).run(script),
    version: async () => (await open()).version(),
    close: async () => (await opened)?.close(),
  };
};
