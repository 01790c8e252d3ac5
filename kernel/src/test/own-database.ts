/** A database of one's own on the PostgreSQL server that `npm test` found or started. */
import { randomBytes } from 'node:crypto';
import { openDatabase } from '../database/database.ts';

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
