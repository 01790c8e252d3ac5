import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterEach(() => house.platform.outage({ on: false }));
afterAll(() => house.stop());

const plateRequests = async () =>
  (await house.platform.requests()).filter(({ path }) => path.includes('vehicle-permits'));

test('a car that is taken off and added again while the platform is away is on the list in the end, everywhere', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  const first = await owner.addVehicle({ premisesId: home.id, plate: 'А001АА 77' });
  await owner.ending(first.operation?.id ?? '');
  await house.platform.outage({ on: true, mode: 'refuse' });
  const removed = await owner.removeVehicle({ vehicleId: first.vehicle?.id ?? '' });
  const again = await owner.addVehicle({ premisesId: home.id, plate: 'А001АА 77' });
  expect([...removed.errors, ...again.errors]).toEqual([]);
  await house.platform.outage({ on: false });
  expect(await owner.ending(removed.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await owner.ending(again.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect((await owner.home('Кв. 12')).vehicles.map(({ id }) => id)).toEqual([again.vehicle?.id]);
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_7Qm2fD': 2, 'plate.remove:unit_7Qm2fD': 1 });

  const gone = await owner.removeVehicle({ vehicleId: again.vehicle?.id ?? '' });
  expect(await owner.ending(gone.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toMatchObject({ 'plate.remove:unit_7Qm2fD': 2 });
  expect((await owner.home('Кв. 12')).vehicles).toEqual([]);
});

test('a car that is taken off before the platform ever heard of it is never told to it', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  await house.platform.reset();
  await house.platform.outage({ on: true, mode: 'refuse' });
  const added = await owner.addVehicle({ premisesId: home.id, plate: 'А002АА 77' });
  const removed = await owner.removeVehicle({ vehicleId: added.vehicle?.id ?? '' });
  // An attempt that was let go before the removal may still be on its way: the platform is away until it has ended.
  expect(await owner.ending(added.operation?.id ?? '')).toMatchObject({ state: 'CANCELLED' });
  await house.platform.outage({ on: false });
  expect(await owner.ending(removed.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect((await owner.home('Кв. 12')).vehicles).toEqual([]);
  expect((await plateRequests()).filter(({ method }) => method === 'POST')).toEqual([]);
});

test('one car that is added by two taps at once is one car', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  await house.platform.reset();
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => owner.addVehicle({ premisesId: home.id, plate: 'А003АА 77' })),
  );
  expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
  expect(new Set(answers.map(({ vehicle }) => vehicle?.id)).size).toBe(1);
  for (const { operation } of answers)
    expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_7Qm2fD': 1 });
});

test('a car that the platform has lost can be added again', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  const first = await owner.addVehicle({ premisesId: home.id, plate: 'А004АА 77' });
  await owner.ending(first.operation?.id ?? '');
  await house.platform.reset();
  const again = await owner.addVehicle({ premisesId: home.id, plate: 'А004АА 77' });
  expect(await owner.ending(again.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_7Qm2fD': 1 });
});
