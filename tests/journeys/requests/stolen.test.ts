/** Somebody has read a token, or a proof, or both, and makes something else of them. */
import { createDpopKey } from '@house/authorization-server/dpop-proof';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type BoundApp,
  boundAppOf,
  challengeOf,
  type Door,
  entranceOf,
  operationOf,
  tapOf,
} from '../../support/bound-app.ts';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';

let house: TestHouse;
let app: BoundApp;
let door: Door;
beforeAll(async () => {
  house = await openHouse();
  app = await boundAppOf(house, 'owner-a12');
  door = await entranceOf(app);
});
afterAll(async () => {
  // Whatever was tried: no door was opened.
  expect(await house.platform.counts()).toEqual({});
  await house.stop();
});

const elsewhere = (path: string): string => new URL(path, house.url).href;

test.each<[string, () => Promise<string> | string]>([
  ['made for another method', () => app.proof({ method: 'GET' })],
  ['made for the authorization server', () => app.proof({ url: `${house.issuer}/token` })],
  ['made for another address of this machine', () => app.proof({ url: elsewhere('/other') })],
  ['made for another house', () => app.proof({ url: 'https://house.example/graphql' })],
  ['made for another token', async () => app.proof({ accessToken: await house.token('owner-a12') })],
  ['made without a token', () => app.proof({ accessToken: '' })],
  ['made by another key', () => app.proof({ jwk: createDpopKey() })],
  ['of a neighbour, for a token of its own', async () => (await boundAppOf(house, 'owner-a13')).proof()],
  ['that is more than a minute old', () => app.proof({ issuedAt: new Date(Date.now() - 62_000) })],
  ['of the future', () => app.proof({ issuedAt: new Date(Date.now() + 10_000) })],
])('a proof %s opens nothing', async (_which, make) => {
  const answer = await app.send(tapOf(door, newKey()), await make());
  expect({ status: answer.status, challenge: challengeOf(answer) }).toEqual({
    status: 401,
    challenge: 'DPoP error="invalid_dpop_proof", algs="ES256"',
  });
  expect(operationOf(answer)).toBeUndefined();
});

test('a token alone opens nothing and reads nothing, under either scheme', async () => {
  for (const body of [tapOf(door, newKey()), { query: '{ me { id } }' }])
    for (const scheme of ['DPoP', 'Bearer']) {
      const answer = await house.post(body, { authorization: `${scheme} ${app.accessToken}` });
      expect(answer.status).toBe(401);
    }
});

test('a proof with a nonce that is not ours is sent back for another, and counts then', async () => {
  const query = { query: '{ me { id } }' };
  const answer = await app.send(query, app.proof({ nonce: 'made-up' }));
  expect({ status: answer.status, challenge: challengeOf(answer) }).toEqual({
    status: 401,
    challenge: 'DPoP error="use_dpop_nonce", algs="ES256"',
  });
  expect(answer.headers.get('dpop-nonce')).toMatch(/^[\w-]{43}$/);
  expect((await app.send(query, app.proof())).status).toBe(200);
});
