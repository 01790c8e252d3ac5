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

test('while the platform refuses, a tap is accepted, expires at its deadline, and nothing opens when it is back', async () => {
  await house.platform.outage({ on: true, mode: 'refuse' });
  const { operation, errors } = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  expect(errors).toEqual([]);
  expect(['ACCEPTED', 'QUEUED', 'SENT']).toContain(operation?.state);
  house.advance(10_001);
  const ended = await owner.ending(operation?.id ?? '');
  expect(ended.state).toBe('EXPIRED');
  expect(ended.error).not.toBeNull();
  await house.platform.outage({ on: false });
  house.advance(60_000);
  // A later tap shows that delivery goes on; the first one never does.
  const second = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'BARRIER').id });
  expect(await owner.ending(second.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Zk8mL6': 1 });
});

test('a platform that is back before the deadline opens the door after all, once', async () => {
  await house.platform.outage({ on: true, mode: 'refuse' });
  const { operation } = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  await owner.ending(operation?.id ?? '', 'QUEUED');
  await house.platform.outage({ on: false });
  expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
});
