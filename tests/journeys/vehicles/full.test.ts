import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('the last place is taken once, however many ask for it together, and a car that is there needs none', async () => {
  const owner = await residentOf(house, 'owner-c1');
  const home = await owner.home('Дом 1');
  const add = (number: number) =>
    owner.addVehicle({ premisesId: home.id, plate: `А${String(number).padStart(3, '0')}АА 77` });
  await add(1);
  await house.platform.outage({ on: true, mode: 'refuse' });
  for (let number = 2; number <= 49; number += 1) expect((await add(number)).errors).toEqual([]);
  const answers = await Promise.all([50, 51, 52, 53].map(add));
  const codes = answers.flatMap(({ errors }) => errors.map(({ code }) => code));
  expect(codes).toEqual(Array(3).fill('VEHICLE_LIMIT_REACHED'));
  expect((await owner.home('Дом 1')).vehicles).toHaveLength(50);
  expect((await add(7)).errors).toEqual([]);
});
