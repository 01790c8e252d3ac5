import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { type Home, pointOf, type Resident, residentOf } from '../../support/residents.ts';
import { homeWithDoors, memberOf } from './members.ts';

let house: TestHouse;
let resident: Resident;
let home: Home;
beforeAll(async () => {
  house = await openHouse();
  resident = await residentOf(house, 'resident-a12');
  home = await homeWithDoors(resident, 'Кв. 12');
});
afterAll(() => house.stop());

const tap = () => resident.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });

test('the last owner cannot leave', async () => {
  const owner = await memberOf(house, 'owner-a12');
  expect(await owner.leave({ premisesId: home.id })).toMatchObject({
    membership: null,
    errors: [{ code: 'LAST_OWNER', path: ['input', 'premisesId'] }],
  });
  expect(await (await residentOf(house, 'owner-a12')).home('Кв. 12')).toMatchObject({ id: home.id });
});

test('a resident to whom the owner left less can do less, and what is taken by half is not taken', async () => {
  const owner = await memberOf(house, 'owner-a12');
  const membershipId = home.myMembership?.id;
  expect(await owner.update({ membershipId, permissions: ['JOURNAL_READ'] })).toMatchObject({
    membership: { id: membershipId, status: 'ACTIVE', permissions: ['JOURNAL_READ'], validUntil: null },
    errors: [],
  });
  expect(await tap()).toMatchObject({ operation: null, errors: [{ code: 'PERMISSION_MISSING' }] });
  await owner.update({ membershipId, permissions: ['JOURNAL_READ', 'ACCESS_OPEN'] });
  expect(await tap()).toMatchObject({ errors: [] });
});

test('whoever leaves has no such home any more, and no such door', async () => {
  const leaving = await memberOf(house, 'resident-a12');
  expect(await leaving.leave({ premisesId: home.id })).toMatchObject({
    membership: { id: home.myMembership?.id, status: 'REVOKED' },
    errors: [],
  });
  expect(await tap()).toMatchObject({ operation: null, errors: [{ code: 'NOT_FOUND' }] });
  expect(await resident.homes()).toEqual([]);
  expect(await leaving.leave({ premisesId: home.id })).toMatchObject({
    membership: null,
    errors: [{ code: 'NOT_FOUND', path: ['input', 'premisesId'] }],
  });
});
