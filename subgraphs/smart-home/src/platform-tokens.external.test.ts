import { openDatabase } from '@house/kernel/database';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { afterAll } from '@jest/globals';
import { platformTokensConform } from './platform-tokens-conforms.ts';

const server = await createOwnDatabase(process.env['TEST_DATABASE_URL']);

platformTokensConform('PostgreSQL', () => openDatabase({ url: server.url }));

afterAll(() => server.drop());
