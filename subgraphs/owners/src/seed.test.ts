import { later } from '@house/kernel/clock';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DAY_MS, SEEDED_AT, startOwners } from '../test/start-owners.ts';
import { seedWorld } from './seed.ts';

let owners: Awaited<ReturnType<typeof startOwners>>;
beforeAll(async () => {
  owners = await startOwners();
});
afterAll(() => owners.database.close());

const counts = async () => {
  const [row] = await owners.database.query(
    `SELECT (SELECT count(*)::int FROM owners.people) AS people, (SELECT count(*)::int FROM owners.complexes) AS complexes,
            (SELECT count(*)::int FROM owners.premises) AS premises,
            (SELECT count(*)::int FROM owners.memberships) AS memberships,
            (SELECT count(*)::int FROM owners.consents) AS consents`,
  );
  return row;
};

test('the large world is added to the small one, once, and terms do not begin anew', async () => {
  const { database, features } = owners;
  expect(await counts()).toEqual({ people: 12, complexes: 3, premises: 5, memberships: 7, consents: 14 });
  await seedWorld(database, features, later(SEEDED_AT, DAY_MS), 'large');
  const large = { people: 2012, complexes: 13, premises: 1005, memberships: 2007, consents: 4014 };
  expect(await counts()).toEqual(large);
  await seedWorld(database, features, later(SEEDED_AT, 2 * DAY_MS), 'large');
  expect(await counts()).toEqual(large);
  const begun = await database.query('SELECT DISTINCT valid_from FROM owners.memberships ORDER BY 1');
  expect(begun).toEqual([{ valid_from: SEEDED_AT }, { valid_from: later(SEEDED_AT, DAY_MS) }]);
  owners.setNow(later(SEEDED_AT, 2 * DAY_MS));
  const { data } = await owners.ask('resident-l0500', '{ me { displayName memberships { role } } }');
  expect(data).toMatchObject({ me: { displayName: 'Житель 500', memberships: [{ role: 'RESIDENT' }] } });
});
