/** A house that takes a change only from whoever proves to hold the token's key, as production does. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { boundAppOf, challengeOf, entranceOf, operationOf, tapOf } from '../../support/bound-app.ts';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse({ DPOP: 'required' });
});
afterAll(() => house.stop());

test('a bearer token shows the home screen, and opens nothing', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  const tap = tapOf({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id }, newKey());
  const answer = await house.post(tap, { authorization: `Bearer ${await house.token('owner-a12')}` });
  expect({ status: answer.status, code: answer.errors?.[0]?.extensions.code }).toEqual({
    status: 401,
    code: 'UNAUTHENTICATED',
  });
  expect(challengeOf(answer)).toBe('DPoP error="invalid_token", algs="ES256"');
  expect(await house.platform.counts()).toEqual({});
});

test('an app with a key is told the nonce once, and needs no second try as long as it is good', async () => {
  const app = await boundAppOf(house, 'owner-a12');
  const first = await app.send({ query: '{ me { id } }' }, app.proof());
  expect(challengeOf(first)).toBe('DPoP error="use_dpop_nonce", algs="ES256"');
  const door = await entranceOf(app);
  const answer = await app.send(tapOf(door, newKey()), app.proof());
  expect(operationOf(answer)).toMatch(/^op_/);
  expect(answer.headers.get('dpop-nonce')).toMatch(/^[\w-]{43}$/);
});

test('a proof that was made in advance is of no use once its nonce is old', async () => {
  const app = await boundAppOf(house, 'owner-a12');
  const door = await entranceOf(app);
  // Made now for a time to come, by an app that was tricked into it.
  const later = 5 * 60_000;
  const inAdvance = app.proof({ issuedAt: new Date(Date.now() + later) });
  house.advance(later);
  const answer = await app.send(tapOf(door, newKey()), inAdvance);
  expect(challengeOf(answer)).toBe('DPoP error="use_dpop_nonce", algs="ES256"');
  const fresh = app.proof({ issuedAt: new Date(Date.now() + later) });
  expect(operationOf(await app.send(tapOf(door, newKey()), fresh))).toMatch(/^op_/);
});
