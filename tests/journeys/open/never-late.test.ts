import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('a door of the first version that could not be asked for in time stays shut, although nothing else would stop it', async () => {
  const home = await (await residentOf(house, 'tenant-b7')).home('Кв. 7');
  // The platform's token is used up, and a new one takes longer than the door has.
  house.advance(23 * 60 * 60_000);
  await house.platform.fault({ kind: 'slow', ms: 3_300, match: { path: '/auth/token' } });
  const tenant = await residentOf(house, 'tenant-b7');
  const { operation } = await tenant.open({
    premisesId: home.id,
    accessPointId: pointOf(home, 'ENTRANCE').id,
    deadlineMs: 3_000,
  });
  expect(await tenant.ending(operation?.id ?? '')).toMatchObject({ state: 'EXPIRED' });
  expect((await house.platform.requests()).filter(({ path }) => path.endsWith('/open'))).toEqual([]);
  expect(await house.platform.counts()).toEqual({});
});
