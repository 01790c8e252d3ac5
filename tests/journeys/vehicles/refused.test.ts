import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { type Home, pointOf, type Resident, residentOf } from '../../support/residents.ts';

let house: TestHouse;
let owner: Resident;
let home: Home;
let neighbourHome: Home;
beforeAll(async () => {
  house = await openHouse();
  owner = await residentOf(house, 'owner-a12');
  home = await owner.home('Кв. 12');
  neighbourHome = await (await residentOf(house, 'owner-a13')).home('Кв. 13');
  await house.platform.reset();
});
// Refused means refused: nothing is stored and the platform is not asked.
afterEach(async () => {
  expect((await house.platform.requests()).filter(({ path }) => /vehicle-permits|cars/.test(path))).toEqual([]);
  expect((await owner.home('Кв. 12')).vehicles).toEqual([]);
});
afterAll(() => house.stop());

test.each([
  '',
  'ABC',
  'А123ВС77'.repeat(25),
  'А123\u0000ВС77',
  'А123ВС77\n',
  "'; DROP TABLE smart_home.vehicle_permits; --",
  '🚗',
])('what is no plate is refused with words that do not repeat it: %j', async (plate) => {
  const answer = await owner.addVehicle({ premisesId: home.id, plate });
  expect(answer).toMatchObject({
    vehicle: null,
    operation: null,
    errors: [{ code: 'BAD_USER_INPUT', path: ['input', 'plate'] }],
  });
  if (plate.length > 3) expect(JSON.stringify(answer)).not.toContain(plate);
});

test("a car cannot be added to the neighbour's premises", async () => {
  expect(await owner.addVehicle({ premisesId: neighbourHome.id, plate: 'А123ВС 77' })).toMatchObject({
    vehicle: null,
    operation: null,
    errors: [{ code: 'NOT_FOUND' }],
  });
});

test("a car cannot pass the neighbour's barrier, nor a door", async () => {
  const foreign = await owner.addVehicle({
    premisesId: home.id,
    plate: 'А123ВС 77',
    accessPointIds: [pointOf(neighbourHome, 'ENTRANCE').id],
  });
  expect(foreign).toMatchObject({ vehicle: null, errors: [{ code: 'NOT_FOUND' }] });
  const door = await owner.addVehicle({
    premisesId: home.id,
    plate: 'А123ВС 77',
    accessPointIds: [pointOf(home, 'ENTRANCE').id],
  });
  expect(door).toMatchObject({ vehicle: null, errors: [{ code: 'ACCESS_POINT_NOT_VEHICULAR' }] });
});

test('a period that has passed is refused', async () => {
  const answer = await owner.addVehicle({
    premisesId: home.id,
    plate: 'А123ВС 77',
    validFrom: '2020-01-01T00:00:00Z',
    validUntil: '2020-02-01T00:00:00Z',
  });
  expect(answer).toMatchObject({ vehicle: null, errors: [{ code: 'BAD_USER_INPUT', path: ['input', 'validUntil'] }] });
});

test.each(['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59'])(
  'a period of a time that not every clock can write is refused: %s',
  async (validFrom) => {
    const answer = await owner.addVehicle({ premisesId: home.id, plate: 'А123ВС 77', validFrom });
    expect(answer).toMatchObject({ vehicle: null, errors: [{ code: 'BAD_USER_INPUT', path: ['input', 'validFrom'] }] });
  },
);

test('a comment that is too long is refused', async () => {
  const answer = await owner.addVehicle({ premisesId: home.id, plate: 'А123ВС 77', comment: 'я'.repeat(201) });
  expect(answer).toMatchObject({ vehicle: null, errors: [{ code: 'BAD_USER_INPUT', path: ['input', 'comment'] }] });
});

test('a parking space without a barrier of its own takes no plates', async () => {
  const space = await owner.home('М-12');
  expect(await owner.addVehicle({ premisesId: space.id, plate: 'А123ВС 77' })).toMatchObject({
    errors: [{ code: 'CAPABILITY_MISSING' }],
  });
});

test('a car that does not exist cannot be taken off', async () => {
  expect(await owner.removeVehicle({ vehicleId: 've_invented' })).toMatchObject({
    operation: null,
    errors: [{ code: 'NOT_FOUND' }],
  });
});
