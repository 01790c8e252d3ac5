import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { type Home, pointOf, type Resident, residentOf } from '../../support/residents.ts';

let house: TestHouse;
let owner: Resident;
let home: Home;
beforeAll(async () => {
  house = await openHouse();
  owner = await residentOf(house, 'owner-a12');
  home = await owner.home('Кв. 12');
});
beforeEach(() => house.platform.reset());
afterAll(() => house.stop());

test('a platform that is slower than we wait is asked about the key, and the door opens once', async () => {
  await house.platform.fault({ kind: 'slow', ms: 2_500, match: { method: 'POST', path: '/open' } });
  const { operation } = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED', error: null });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
});

test('an answer that is lost after the door opened ends as opened, once', async () => {
  await house.platform.fault({ kind: 'timeout-after-effect', match: { method: 'POST', path: '/open' }, times: 1 });
  const { operation } = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
});

test('a busy platform is tried again with the same key until it opens', async () => {
  await house.platform.fault({ kind: '503', match: { method: 'POST', path: '/open' }, times: 2 });
  const { operation } = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED', attempts: 3 });
  const sent = (await house.platform.requests()).filter(
    ({ method, path }) => method === 'POST' && path.endsWith('/open'),
  );
  expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
});

test('a gate that toggles is not tried again after a refusal', async () => {
  await house.platform.fault({ kind: '503', match: { method: 'POST', path: '/open' }, times: 1 });
  const { operation } = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'GATE').id });
  expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'FAILED', attempts: 1 });
  expect(await house.platform.counts()).toEqual({});
});

test('an answer that breaks the contract is not believed: the key tells', async () => {
  await house.platform.fault({ kind: 'junk-json', match: { method: 'POST', path: '/open' }, times: 1 });
  const { operation } = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect((await house.platform.counts())['open:ap_Hn4xW1']).toBe(1);
});
