import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('a tenant opens the door of a building on the first version, once', async () => {
  const tenant = await residentOf(house, 'tenant-b7');
  const home = await tenant.home('Кв. 7');
  const { operation } = await tenant.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  expect(await tenant.ending(operation?.id ?? '')).toMatchObject({
    state: 'SUCCEEDED',
    attempts: 1,
    platformVersion: 'v1',
  });
  expect(await house.platform.effects()).toMatchObject([{ kind: 'open', target: 'ap_Qy2vA8', apiVersion: 'v1' }]);
});

test('a lost answer of the first version is never sent again: the journal of the flat tells that it opened', async () => {
  const tenant = await residentOf(house, 'tenant-b7');
  const home = await tenant.home('Кв. 7');
  await house.platform.reset();
  await house.platform.fault({ kind: 'reset-after-effect', match: { path: '/open' } });
  const { operation } = await tenant.open({ premisesId: home.id, accessPointId: pointOf(home, 'BARRIER').id });
  expect(await tenant.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED', attempts: 1, error: null });
  expect(Object.values(await house.platform.counts())).toEqual([1]);
});

test('what left no trace in the journal may still have opened, and the app says so for good', async () => {
  const tenant = await residentOf(house, 'tenant-b7');
  const home = await tenant.home('Кв. 7');
  await house.platform.reset();
  await house.platform.fault({ kind: 'reset-before', match: { path: '/open' } });
  const { operation } = await tenant.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  await tenant.ending(operation?.id ?? '', 'SENT');
  house.advance(20_000);
  const ended = await tenant.ending(operation?.id ?? '', 'UNKNOWN_OUTCOME');
  expect(ended).toMatchObject({ state: 'UNKNOWN_OUTCOME', error: { code: 'OUTCOME_UNKNOWN' }, attempts: 1 });
  const sent = (await house.platform.requests()).filter(({ path }) => path.endsWith('/open'));
  expect(sent).toHaveLength(1);
  expect(await house.platform.counts()).toEqual({});
});

test('a gate is pulsed at most once, whatever the platform answers', async () => {
  const tenant = await residentOf(house, 'tenant-b7');
  const home = await tenant.home('Кв. 7');
  await house.platform.reset();
  await house.platform.fault({ kind: '503', match: { path: '/open' }, times: 1 });
  const { operation } = await tenant.open({ premisesId: home.id, accessPointId: pointOf(home, 'GATE').id });
  expect(await tenant.ending(operation?.id ?? '')).toMatchObject({
    state: 'FAILED',
    error: { code: 'PLATFORM_UNAVAILABLE' },
  });
  const sent = (await house.platform.requests()).filter(({ path }) => path.endsWith('/open'));
  expect(sent).toHaveLength(1);
  expect(await house.platform.counts()).toEqual({});
});

test('a door keeps its id when its building moves to the second version, and still opens', async () => {
  const tenant = await residentOf(house, 'tenant-b7');
  await house.platform.reset();
  const before = await tenant.home('Кв. 7');
  await house.platform.version({ siteId: 23, version: 'v2' });
  house.advance(60_000);
  await tenant.home('Кв. 7');
  house.advance(1_000);
  const after = await tenant.home('Кв. 7');
  expect(after.complex.platform.apiVersion).toBe('v2');
  expect(after.accessPoints?.map(({ id }) => id)).toEqual(before.accessPoints?.map(({ id }) => id));
  const { operation } = await tenant.open({ premisesId: after.id, accessPointId: pointOf(before, 'ENTRANCE').id });
  expect(await tenant.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED', platformVersion: 'v2' });
  expect(await house.platform.effects()).toMatchObject([{ target: 'ap_Qy2vA8', apiVersion: 'v2' }]);
});
