import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { migrate, openDatabase } from '@house/kernel/database';
import { createDeadline } from '@house/kernel/subgraph';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { createVault } from '@house/kernel/vault';
import { afterAll, expect, test } from '@jest/globals';
import { createPlateBudget } from './plate-budget.ts';
import { plateBudgetConforms } from './plate-budget-conforms.ts';

const server = await createOwnDatabase(process.env['TEST_DATABASE_URL']);

plateBudgetConforms('PostgreSQL', () => openDatabase({ url: server.url }));

test('a process that stands still while it counts holds up no other: what gets no turn goes out later', async () => {
  const [database, standing] = [await openDatabase({ url: server.url }), await openDatabase({ url: server.url })];
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../migrations') });
  const vault = createVault({ rootKey: randomBytes(32), random: randomBytes });
  const budget = createPlateBudget({ database, vault, random: randomBytes });
  const spend = (siteId: number) =>
    budget.spend({
      ...{ subject: 'me', idempotencyKey: `key-${siteId}`, siteId, at: new Date('2026-03-01T12:00:00Z') },
      ...{ plate: { country: 'RU', canonical: 'A123BC77' }, deadline: createDeadline(5_000) },
    });
  try {
    await standing.transaction(async (transaction) => {
      await transaction.query("SELECT pg_advisory_xact_lock(7301209, hashtext('site|17'))", []);
      expect(await spend(17)).not.toBeNull();
      expect(await spend(23)).toBeNull();
    });
    expect(await spend(17)).toBeNull();
  } finally {
    await Promise.all([database.close(), standing.close()]);
  }
});

afterAll(() => server.drop());
