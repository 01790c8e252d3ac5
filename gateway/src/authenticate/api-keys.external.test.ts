import { openDatabase } from '@house/kernel/database';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { afterAll } from '@jest/globals';
import { apiKeysConform } from './api-keys-conforms.ts';

const own = await createOwnDatabase(process.env['TEST_DATABASE_URL']);
afterAll(() => own.drop());

apiKeysConform('PostgreSQL', () => openDatabase({ url: own.url }));
