import { join } from 'node:path';
import { type Database, migrate, openDatabase } from '@house/kernel/database';
import { platformWorld } from '@house/schema/platform/world.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { seedSmartHome } from './seed.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../migrations') });
});
afterAll(() => database.close());

const rows = () =>
  database.query('SELECT id, complex_id, unit_id, flat_id FROM smart_home.premises ORDER BY unit_id NULLS FIRST');

test('the small world is bound to the platform’s units, and what has none is there too', async () => {
  await seedSmartHome(database);
  const seeded = await rows();
  expect(seeded).toHaveLength(5);
  expect(seeded[0]).toEqual({ id: 'pr_m12', complex_id: 'cx_a', unit_id: null, flat_id: null });
  expect(seeded).toContainEqual({ id: 'pr_b7', complex_id: 'cx_b', unit_id: 'unit_4Xc8jH', flat_id: 23007 });
});

test('the large world is added to it, once', async () => {
  await seedSmartHome(database, 'large');
  await seedSmartHome(database, 'large');
  const bound = (await rows()).flatMap(({ unit_id }) => unit_id ?? []);
  expect(bound.toSorted()).toEqual(
    platformWorld('large')
      .units.map(({ id }) => id)
      .toSorted(),
  );
  expect(await database.query('SELECT id FROM smart_home.complexes')).toHaveLength(13);
});
