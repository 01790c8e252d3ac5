import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, residentOf } from '../../support/residents.ts';
import { homeWithDoors, memberOf } from './members.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
beforeEach(() => house.platform.reset());
afterAll(() => house.stop());

/** Pulses of doors that the platform gave. */
const opened = async (): Promise<string[]> =>
  Object.keys(await house.platform.counts()).filter((effect) => effect.startsWith('open:'));

test('the door that a tenant opened a moment ago does not exist for them once the owner revoked them', async () => {
  const tenant = await residentOf(house, 'tenant-b7');
  const home = await homeWithDoors(tenant, 'Кв. 7');
  const tap = { premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id };
  expect(await tenant.ending((await tenant.open(tap)).operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });

  const owner = await memberOf(house, 'owner-b7');
  const input = { membershipId: home.myMembership?.id, reason: 'the stay is over', idempotencyKey: newKey() };
  const revoked = await owner.revoke(input);
  expect(revoked).toMatchObject({ membership: { id: home.myMembership?.id, status: 'REVOKED' }, errors: [] });

  expect(await tenant.open(tap)).toMatchObject({ operation: null, errors: [{ code: 'NOT_FOUND' }] });
  expect(await opened()).toHaveLength(1);
  // The app did not hear the answer and asks again with the same key; then it errs and uses the key for another intent.
  expect(await owner.revoke(input)).toEqual(revoked);
  expect(await owner.revoke({ ...input, reason: 'another' })).toMatchObject({
    membership: null,
    errors: [{ code: 'IDEMPOTENCY_KEY_REUSED', path: ['input', 'idempotencyKey'] }],
  });
  expect(await owner.revoke({ membershipId: home.myMembership?.id })).toMatchObject({
    errors: [{ code: 'NOT_FOUND' }],
  });
});

test('a tap that waits for the platform is cancelled when its resident is revoked, and nothing opens', async () => {
  const resident = await residentOf(house, 'resident-a12');
  const home = await homeWithDoors(resident, 'Кв. 12');
  await house.platform.outage({ on: true, mode: 'refuse' });
  const { operation } = await resident.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  await resident.ending(operation?.id ?? '', 'QUEUED');

  const owner = await memberOf(house, 'owner-a12');
  expect(await owner.revoke({ membershipId: home.myMembership?.id })).toMatchObject({ errors: [] });
  await house.platform.outage({ on: false });

  expect(await resident.ending(operation?.id ?? '')).toMatchObject({
    state: 'CANCELLED',
    error: { code: 'NO_LONGER_ALLOWED' },
  });
  expect(await opened()).toEqual([]);
});
