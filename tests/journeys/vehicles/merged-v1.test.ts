import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

/** The whole list of the flat, as the house last wrote it to the platform. */
const lastWritten = async (): Promise<string[]> => {
  const writes = (await house.platform.requests()).filter(
    ({ method, path }) => method === 'PUT' && path.endsWith('/cars'),
  );
  const { cars } = writes.at(-1)?.body as { cars: string };
  return cars.split('\n');
};

test('cars of a tenant and of the owner are merged into the one list without losing any', async () => {
  const [tenant, owner] = [await residentOf(house, 'tenant-b7'), await residentOf(house, 'owner-b7')];
  const home = await tenant.home('Кв. 7');
  const plates = ['А001АА 77', 'А002АА 77', 'А003АА 77', 'А004АА 77'];
  const answers = await Promise.all([
    ...plates.slice(0, 2).map((plate) => tenant.addVehicle({ premisesId: home.id, plate })),
    ...plates.slice(2).map((plate) => owner.addVehicle({ premisesId: home.id, plate })),
  ]);
  for (const [index, { operation, errors }] of answers.entries()) {
    expect(errors).toEqual([]);
    const resident = index < 2 ? tenant : owner;
    expect(await resident.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED', platformVersion: 'v1' });
  }
  expect((await lastWritten()).toSorted()).toEqual(['A001AA77', 'A002AA77', 'A003AA77', 'A004AA77']);
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_4Xc8jH': 4 });

  const gone = await tenant.removeVehicle({ vehicleId: answers[0]?.vehicle?.id ?? '' });
  await tenant.ending(gone.operation?.id ?? '');
  expect((await lastWritten()).toSorted()).toEqual(['A002AA77', 'A003AA77', 'A004AA77']);
});

test("a tenant sees only their own cars, and cannot take the owner's off", async () => {
  const [tenant, owner] = [await residentOf(house, 'tenant-b7'), await residentOf(house, 'owner-b7')];
  const [mine, all] = [(await tenant.home('Кв. 7')).vehicles, (await owner.home('Кв. 7')).vehicles];
  expect(mine.length).toBe(1);
  expect(all.length).toBe(3);
  const theirs = all.find(({ id }) => mine.every((car) => car.id !== id));
  expect(await tenant.removeVehicle({ vehicleId: theirs?.id ?? '' })).toMatchObject({
    operation: null,
    errors: [{ code: 'NOT_FOUND' }],
  });
});

test('a period and opening by hand, which the first version cannot keep, are refused instead of dropped', async () => {
  const tenant = await residentOf(house, 'tenant-b7');
  const home = await tenant.home('Кв. 7');
  const validUntil = new Date(Date.now() + 86_400_000).toISOString();
  expect(await tenant.addVehicle({ premisesId: home.id, plate: 'Е005ЕЕ 77', validUntil })).toMatchObject({
    vehicle: null,
    errors: [{ code: 'CAPABILITY_MISSING', path: ['input', 'validUntil'] }],
  });
  expect(await tenant.addVehicle({ premisesId: home.id, plate: 'Е005ЕЕ 77', autoOpen: false })).toMatchObject({
    vehicle: null,
    errors: [{ code: 'CAPABILITY_MISSING', path: ['input', 'autoOpen'] }],
  });
});
