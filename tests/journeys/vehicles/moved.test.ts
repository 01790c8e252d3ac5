import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('cars that the first version was told of are changed and removed after the move, each for its own person', async () => {
  const [tenant, owner] = [await residentOf(house, 'tenant-b7'), await residentOf(house, 'owner-b7')];
  const { id: premisesId } = await tenant.home('Кв. 7');
  const shared = 'А001АА 77';
  const [mine, theirs, other] = [
    await tenant.addVehicle({ premisesId, plate: shared }),
    await owner.addVehicle({ premisesId, plate: shared }),
    await owner.addVehicle({ premisesId, plate: 'А002АА 77' }),
  ];
  await owner.ending(other.operation?.id ?? '');
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_4Xc8jH': 2 });

  await house.platform.version({ siteId: 23, version: 'v2' });
  house.advance(6 * 60_000);
  const validUntil = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const changed = await owner.addVehicle({ premisesId, plate: 'А002АА 77', validUntil });
  expect(await owner.ending(changed.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED', platformVersion: 'v2' });
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_4Xc8jH': 2 });

  const first = await tenant.removeVehicle({ vehicleId: mine.vehicle?.id ?? '' });
  expect(await tenant.ending(first.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_4Xc8jH': 2 });
  for (const { vehicle } of [theirs, other]) {
    const { operation } = await owner.removeVehicle({ vehicleId: vehicle?.id ?? '' });
    expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  }
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_4Xc8jH': 2, 'plate.remove:unit_4Xc8jH': 2 });
  expect(await house.platform.violations()).toEqual([]);
});
