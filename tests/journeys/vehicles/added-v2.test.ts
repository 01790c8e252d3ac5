import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('an owner adds a car, the platform confirms it, and it can be taken off again', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  const added = await owner.addVehicle({ premisesId: home.id, plate: 'а 123 вс 77', comment: 'Синяя' });
  expect(added).toMatchObject({
    errors: [],
    vehicle: { plate: 'А***ВС 77', country: 'RU' },
    operation: { state: 'ACCEPTED' },
  });
  expect(added.vehicle?.provisioning.map(({ state }) => state)).toEqual(['QUEUED', 'QUEUED']);
  expect(await owner.ending(added.operation?.id ?? '')).toMatchObject({
    kind: 'VEHICLE_ADD',
    state: 'SUCCEEDED',
    platformVersion: 'v2',
  });
  expect((await owner.home('Кв. 12')).vehicles).toEqual([
    expect.objectContaining({ id: added.vehicle?.id, plate: 'А***ВС 77' }),
  ]);
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_7Qm2fD': 1 });

  const removed = await owner.removeVehicle({ vehicleId: added.vehicle?.id ?? '' });
  expect(await owner.ending(removed.operation?.id ?? '')).toMatchObject({ kind: 'VEHICLE_REMOVE', state: 'SUCCEEDED' });
  expect((await owner.home('Кв. 12')).vehicles).toEqual([]);
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_7Qm2fD': 1, 'plate.remove:unit_7Qm2fD': 1 });
  expect(await owner.removeVehicle({ vehicleId: added.vehicle?.id ?? '' })).toMatchObject({
    errors: [{ code: 'NOT_FOUND' }],
  });
});

test('a car added under the same key twice, and at once, has one effect', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  await house.platform.reset();
  const intent = { premisesId: home.id, plate: 'М555ММ 99', idempotencyKey: newKey() };
  const answers = await Promise.all(Array.from({ length: 8 }, () => owner.addVehicle(intent)));
  expect(new Set(answers.map(({ operation }) => operation?.id)).size).toBe(1);
  expect(new Set(answers.map(({ vehicle }) => vehicle?.id)).size).toBe(1);
  await owner.ending(answers[0]?.operation?.id ?? '');
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_7Qm2fD': 1 });
});

test('the same key with another plate is refused', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  const idempotencyKey = newKey();
  const first = await owner.addVehicle({ premisesId: home.id, plate: 'О001ОО 77', idempotencyKey });
  await owner.ending(first.operation?.id ?? '');
  const other = await owner.addVehicle({ premisesId: home.id, plate: 'О002ОО 77', idempotencyKey });
  expect(other).toMatchObject({ vehicle: null, operation: null, errors: [{ code: 'IDEMPOTENCY_KEY_REUSED' }] });
});

test('adding a car that is on the list already answers as if it were new, and adds nothing', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  await house.platform.reset();
  const first = await owner.addVehicle({ premisesId: home.id, plate: 'К777КК 77' });
  await owner.ending(first.operation?.id ?? '');
  const again = await owner.addVehicle({ premisesId: home.id, plate: 'k777kk77' });
  const masked = (answer: unknown): unknown =>
    JSON.parse(JSON.stringify(answer).replace(/"(op|ve|ac)_[\w-]+"|"\d{4}-[^"]+"/g, '"…"'));
  expect(masked(again)).toEqual(masked(first));
  expect(await owner.ending(again.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_7Qm2fD': 1 });
});

test('a lost answer, a busy platform and a broken one still come to one plate', async () => {
  const owner = await residentOf(house, 'owner-c1');
  const home = await owner.home('Дом 1');
  await house.platform.reset();
  for (const kind of ['reset-after-effect', '503', '500-before'])
    await house.platform.fault({ kind, match: { method: 'POST', path: '/vehicle-permits' }, times: 1 });
  const { operation } = await owner.addVehicle({ premisesId: home.id, plate: 'Х100ХХ 66' });
  expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_2Ns6wV': 1 });
});

test('neither the log nor an answer ever shows a whole plate', async () => {
  expect(house.logged()).toContain('VEHICLE_ADD');
  expect(house.logged()).not.toMatch(/A123BC77|M555MM99|K777KK77|а 123 вс/);
});
