import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('while the platform is away the screen shows what was known, with its age, and says so', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const neighbour = await residentOf(house, 'owner-a13');
  const before = await owner.home('Кв. 12');
  await house.platform.outage({ on: true, mode: 'refuse' });
  house.advance(60_000);

  const flat = await owner.home('Кв. 12');
  expect(flat.accessPoints?.map(({ id }) => id)).toEqual(before.accessPoints?.map(({ id }) => id));
  for (const { stateAsOf } of flat.accessPoints ?? []) expect(Date.parse(stateAsOf)).toBeLessThan(Date.now());

  // Of the neighbour's flat nothing was ever asked: null, not an empty list, and the rest of the screen is there.
  const unknown = await neighbour.home('Кв. 13');
  expect(unknown).toMatchObject({ label: 'Кв. 13', accessPoints: null, vehicles: [] });
  expect((await owner.home('Кв. 12')).complex.platform.health).toBe('DOWN');

  await house.platform.outage({ on: false });
  house.advance(60_000);
  expect((await owner.home('Кв. 12')).accessPoints?.map(({ connectivity }) => connectivity)).toContain('ONLINE');
});
