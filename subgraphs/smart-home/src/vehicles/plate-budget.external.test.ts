import { openDatabase } from '@house/kernel/database';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { afterAll } from '@jest/globals';
import { plateBudgetConforms } from './plate-budget-conforms.ts';

const server = await createOwnDatabase(process.env['TEST_DATABASE_URL']);

plateBudgetConforms('PostgreSQL', () => openDatabase({ url: server.url }));

afterAll(() => server.drop());
