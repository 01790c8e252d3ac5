import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../../support/documents.ts';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
  await house.platform.outage({ on: true, mode: 'refuse' });
});
afterAll(() => house.stop());

test('a house that never reached its platform shows the homes without what only the platform knows', async () => {
  const owner = await residentOf(house, 'owner-a12');
  expect(await owner.home('Кв. 12')).toMatchObject({
    capabilities: [],
    accessPoints: null,
    vehicles: [],
    complex: { platform: { health: 'DOWN', apiVersion: 'unknown' } },
  });
});

test('it refuses at once, with a reason, what it could not deliver', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const { id: premisesId } = await owner.home('Кв. 12');
  const refused = { operation: null, errors: [{ code: 'PLATFORM_UNAVAILABLE' }] };
  expect(await owner.open({ premisesId, accessPointId: 'ac_x' })).toMatchObject(refused);
  expect(await owner.addVehicle({ premisesId, plate: 'А001АА 77' })).toMatchObject(refused);
});

test.each([
  ['an id that no table can hold', 'operation-status', { id: 'op_\u0000' }],
  ['a cursor with such an id', 'operations-of-premises', { after: '2026-01-01T00:00:00.000Z|op_\u0000' }],
  ['a cursor of the year 200 000', 'operations-of-premises', { after: '+200000-01-01T00:00:00.000Z|op_1' }],
  ['a cursor of the thirteenth month', 'operations-of-premises', { after: '2026-13-01T00:00:00.000Z|op_1' }],
  ['a page of two milliards', 'operations-of-premises', { first: 2_000_000_000 }],
])('%s is a mistake of its sender', async (_, name, variables) => {
  const owner = await residentOf(house, 'owner-a12');
  const { id: premisesId } = await owner.home('Кв. 12');
  const cursor = 'after' in variables ? { after: Buffer.from(variables.after).toString('base64url') } : {};
  const { errors } = await house.post(
    { query: documentText(name), variables: { premisesId, ...variables, ...cursor } },
    { authorization: `Bearer ${await house.token('owner-a12')}` },
  );
  expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
});

test('a vehicle under an id that no table can hold is a mistake of its sender', async () => {
  const { data } = await house.post(
    { query: documentText('remove-vehicle'), variables: { input: { vehicleId: '\u0000', idempotencyKey: newKey() } } },
    { authorization: `Bearer ${await house.token('owner-a12')}` },
  );
  expect(data).toMatchObject({ removeVehicle: { operation: null, errors: [{ code: 'BAD_USER_INPUT' }] } });
});
