import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../../support/documents.ts';
import { type GraphqlAnswer, newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';
import { memberOf } from './members.ts';

let house: TestHouse;
let ownerMembership: string;
let residentMembership: string;
beforeAll(async () => {
  house = await openHouse();
  const membershipIn = async (user: string) =>
    (await (await residentOf(house, user)).home('Кв. 12')).myMembership?.id ?? '';
  ownerMembership = await membershipIn('owner-a12');
  residentMembership = await membershipIn('resident-a12');
});
// Refused means refused: both are still at home.
afterAll(async () => {
  for (const user of ['owner-a12', 'resident-a12'])
    expect(await (await residentOf(house, user)).home('Кв. 12')).toMatchObject({ label: 'Кв. 12' });
  await house.stop();
});

const revoke = (membershipId: string, headers: Record<string, string>): Promise<GraphqlAnswer> =>
  house.post(
    {
      query: documentText('revoke-membership'),
      variables: { input: { membershipId, idempotencyKey: newKey() } },
    },
    headers,
  );

test('a resident cannot revoke the owner: that membership does not exist for them', async () => {
  const resident = await memberOf(house, 'resident-a12');
  const answer = await resident.revoke({ membershipId: ownerMembership });
  expect(answer).toMatchObject({ membership: null, errors: [{ code: 'NOT_FOUND' }] });
  expect(await resident.revoke({ membershipId: 'me_invented' })).toEqual(answer);
});

test('the neighbour’s family does not exist', async () => {
  const neighbour = await memberOf(house, 'owner-a13');
  expect(await neighbour.revoke({ membershipId: residentMembership })).toMatchObject({
    membership: null,
    errors: [{ code: 'NOT_FOUND' }],
  });
  expect(await neighbour.update({ membershipId: residentMembership, permissions: [] })).toMatchObject({
    membership: null,
    errors: [{ code: 'NOT_FOUND' }],
  });
});

test('the manager is asked why, and a reason in the header is one', async () => {
  const authorization = `Bearer ${await house.token('manager-a')}`;
  expect(await revoke(ownerMembership, { authorization })).toMatchObject({
    errors: [{ path: ['revokeMembership'], extensions: { code: 'REASON_REQUIRED' } }],
  });
  const answer = await revoke(ownerMembership, { authorization, 'access-reason': 'ticket 7' });
  expect(answer).toMatchObject({
    status: 200,
    data: { revokeMembership: { membership: null, errors: [{ code: 'LAST_OWNER' }] } },
  });
});

test('without the scope nobody revokes', async () => {
  const authorization = `Bearer ${await house.token('owner-a12', 'premises:read')}`;
  expect(await revoke(residentMembership, { authorization })).toMatchObject({
    status: 403,
    errors: [{ path: ['revokeMembership'], extensions: { code: 'FORBIDDEN' } }],
  });
});

test('an owner who signed in more than five minutes ago has to sign in again', async () => {
  const authorization = `Bearer ${await house.token('owner-a12')}`;
  house.advance(5 * 60_000 + 2_000);
  expect(await revoke(residentMembership, { authorization })).toMatchObject({
    errors: [{ path: ['revokeMembership'], extensions: { code: 'STEP_UP_REQUIRED' } }],
  });
});
