import { randomBytes } from 'node:crypto';
import { openDatabase } from '@house/kernel/database';
import { afterAll } from '@jest/globals';
import { platformTokensConform } from './platform-tokens-conforms.ts';

const server = process.env['TEST_DATABASE_URL'];
if (!server) throw new Error('TEST_DATABASE_URL is not set; run these tests through npm test.');

const name = `tokens_${randomBytes(6).toString('hex')}`;
const own = new URL(server);
own.pathname = `/${name}`;

const asSuperuser = async (statement: string): Promise<void> => {
  const database = await openDatabase({ url: server });
  await database.run(statement);
  await database.close();
};

await asSuperuser(`CREATE DATABASE ${name}`);

platformTokensConform('PostgreSQL', () => openDatabase({ url: own.href }));

afterAll(() => asSuperuser(`DROP DATABASE ${name} WITH (FORCE)`));
