import { openDatabase } from '@house/kernel/database';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { afterAll } from '@jest/globals';
import { usedProofsConform } from './used-proofs-conforms.ts';

const own = await createOwnDatabase(process.env['TEST_DATABASE_URL']);
afterAll(() => own.drop());

usedProofsConform('PostgreSQL', () => openDatabase({ url: own.url }));
