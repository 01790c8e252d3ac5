import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('an owner sees the flat with its doors, entrance first, and the parking space without any', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const flat = await owner.home('Кв. 12');
  expect(flat).toMatchObject({
    kind: 'APARTMENT',
    myMembership: { role: 'OWNER' },
    complex: { platform: { health: 'UP', apiVersion: 'v2' } },
  });
  expect(flat.accessPoints?.map(({ kind, actuation, connectivity }) => [kind, actuation, connectivity])).toEqual([
    ['ENTRANCE', 'MOMENTARY', 'ONLINE'],
    ['ELEVATOR', 'MOMENTARY', 'ONLINE'],
    ['GATE', 'TOGGLE', 'ONLINE'],
    ['BARRIER', 'MOMENTARY', 'ONLINE'],
  ]);
  expect((await owner.home('М-12')).accessPoints).toEqual([]);
});

test('the same screen works for a building on the first version and for one that mixes both', async () => {
  const tenant = await (await residentOf(house, 'tenant-b7')).home('Кв. 7');
  expect(tenant.complex.platform.apiVersion).toBe('v1');
  expect(tenant.capabilities).toEqual(['OPEN_SYNC', 'PLATE_LIST']);
  expect(tenant.accessPoints?.map(({ kind }) => kind)).toEqual(['ENTRANCE', 'GATE', 'BARRIER']);
  const owner = await (await residentOf(house, 'owner-c1')).home('Дом 1');
  expect(owner.complex.platform.apiVersion).toBe('v2');
  expect(owner.capabilities).toEqual(['OPEN_ASYNC', 'PLATE_LIST', 'PLATE_VALIDITY']);
  expect(owner.accessPoints?.map(({ kind }) => kind)).toEqual(['ENTRANCE', 'GATE', 'BARRIER']);
});

test('no door opens by face alone', async () => {
  for (const user of ['owner-a12', 'owner-a13', 'tenant-b7', 'owner-c1'])
    for (const home of await (await residentOf(house, user)).homes())
      for (const { allowedMethods } of home.accessPoints ?? []) expect(allowedMethods).not.toEqual(['FACE']);
});

test('somebody without a home sees an empty screen', async () => {
  expect(await (await residentOf(house, 'outsider')).homes()).toEqual([]);
});

test('one home screen costs one platform call for each home that has doors', async () => {
  const owner = await residentOf(house, 'owner-a12');
  await owner.homes();
  const before = (await house.platform.requests()).length;
  await owner.homes();
  const calls = (await house.platform.requests()).slice(before).map(({ method, path }) => `${method} ${path}`);
  expect(calls).toEqual([expect.stringMatching(/^GET \/api\/v2\/units\/[^/]+\/access-points/)]);
});

test('the platform learns nothing about who asked: no name, no phone, no account', async () => {
  await (await residentOf(house, 'owner-a12')).homes();
  const received = JSON.stringify(await house.platform.requests());
  for (const personal of ['owner-a12', 'Ветрова', '79160000012', 'Кв. 12', 'pe_ownera12', 'pr_a12'])
    expect(received).not.toContain(personal);
});
