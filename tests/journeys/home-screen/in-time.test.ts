import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { documentText } from '../../support/documents.ts';
import { eventually, openHouse, type TestHouse } from '../../support/house.ts';
import type { Home } from '../../support/residents.ts';

let house: TestHouse;
let before: Home | undefined;
beforeAll(async () => {
  house = await openHouse();
  before = await lookWithin(10_000);
});
beforeEach(() => house.platform.reset());
afterAll(() => house.stop());

/** The first screen's flat, asked for by somebody who waits that long. */
const lookWithin = async (ms: number, user = 'owner-a12', flat = 'Кв. 12'): Promise<Home | undefined> => {
  const headers = { authorization: `Bearer ${await house.token(user)}`, 'x-request-deadline': String(ms) };
  const { status, errors, data } = await house.post({ query: documentText('home-screen') }, headers);
  expect([status, errors]).toEqual([200, undefined]);
  const { myPremises } = (data ?? {}) as { myPremises?: Home[] };
  return myPremises?.find(({ label }) => label === flat);
};

test('a platform that hangs costs no more time than there is: the screen shows what was known, with its age', async () => {
  await house.platform.outage({ on: true, mode: 'hang' });
  const askedAt = Date.now();
  const home = await lookWithin(600);
  expect(home?.accessPoints?.map(({ id }) => id)).toEqual(before?.accessPoints?.map(({ id }) => id));
  for (const { stateAsOf } of home?.accessPoints ?? []) expect(Date.parse(stateAsOf)).toBeLessThan(askedAt);
  expect(home).toMatchObject({ capabilities: before?.capabilities, complex: { platform: { apiVersion: 'v2' } } });
});

test('those who wait only briefly do not make a slow platform look down to the others', async () => {
  await house.platform.fault({ kind: 'slow', ms: 900, match: { path: '/access-points' } });
  for (let look = 0; look < 3; look += 1) await lookWithin(600);
  expect((await lookWithin(10_000))?.complex.platform.health).toBe('UP');
});

test('what a slow platform answers when nobody waits for it any longer is there the next time', async () => {
  await house.platform.fault({ kind: 'slow', ms: 900, match: { path: '/access-points' } });
  const look = () => lookWithin(600, 'owner-a13', 'Кв. 13');
  expect(await look()).toMatchObject({ accessPoints: null });
  const next = await eventually(look, (home) => home?.accessPoints !== null);
  expect(next?.accessPoints).not.toEqual([]);
});
