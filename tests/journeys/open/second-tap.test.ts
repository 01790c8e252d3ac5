import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { type OpenAnswer, pointOf, type Resident, residentOf } from '../../support/residents.ts';
import { homeWithDoors, memberOf } from '../memberships/members.ts';

let house: TestHouse;
let owner: Resident;
let resident: Resident;
let neighbour: Resident;
let entrance: { premisesId: string; accessPointId: string };
let gate: { premisesId: string; accessPointId: string };
let gateNextDoor: { premisesId: string; accessPointId: string };
beforeAll(async () => {
  house = await openHouse();
  owner = await residentOf(house, 'owner-a12');
  resident = await residentOf(house, 'resident-a12');
  neighbour = await residentOf(house, 'owner-a13');
  const home = await homeWithDoors(owner, 'Кв. 12');
  const next = await homeWithDoors(neighbour, 'Кв. 13');
  entrance = { premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id };
  gate = { premisesId: home.id, accessPointId: pointOf(home, 'GATE').id };
  gateNextDoor = { premisesId: next.id, accessPointId: pointOf(next, 'GATE').id };
});
beforeEach(async () => {
  await house.platform.reset();
  // What an earlier test opened is closed again.
  house.advance(60_000);
});
afterAll(() => house.stop());

/** The platform has opened, and takes its time to say so. */
const slowly = () => house.platform.fault({ kind: 'slow', ms: 1_500, match: { method: 'POST', path: '/open' } });
const idOf = ({ operation }: OpenAnswer): string => operation?.id ?? '';

test('a second tap joins the one that is running: one operation, one pulse, and both keys answer it for good', async () => {
  await slowly();
  const [first, second] = [newKey(), newKey()];
  const answers = await Promise.all(
    [first, second].map((idempotencyKey) => owner.open({ ...entrance, idempotencyKey })),
  );
  const [id = ''] = answers.map(idOf);
  expect(answers.map(idOf)).toEqual([id, id]);
  expect(await owner.ending(id)).toMatchObject({ state: 'SUCCEEDED', attempts: 1 });
  for (const idempotencyKey of [first, second])
    expect(await owner.open({ ...entrance, idempotencyKey })).toMatchObject({
      operation: { id, state: 'SUCCEEDED' },
      errors: [],
    });
  expect(await owner.open({ ...entrance, deadlineMs: 4_000, idempotencyKey: second })).toMatchObject({
    operation: null,
    errors: [{ code: 'IDEMPOTENCY_KEY_REUSED' }],
  });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
});

test('a tap after the door has opened is one of its own', async () => {
  const first = idOf(await owner.open(entrance));
  await owner.ending(first);
  const second = idOf(await owner.open(entrance));
  expect(second).not.toBe(first);
  expect(await owner.ending(second)).toMatchObject({ state: 'SUCCEEDED', attempts: 1 });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 2 });
});

test('two people at one door have an operation each, and share the pulse', async () => {
  await slowly();
  const people = [owner, resident];
  const ids = (await Promise.all(people.map((person) => person.open(entrance)))).map(idOf);
  const ended = await Promise.all(people.map((person, index) => person.ending(ids[index] ?? '')));
  expect(ended.map(({ state }) => state)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  // Only one of them was ever handed over.
  expect(ended.map(({ attempts }) => attempts).toSorted()).toEqual([0, 1]);
  expect(new Set(ids).size).toBe(2);
  expect(await owner.status(ids[1] ?? '')).toBeNull();
  expect(await resident.status(ids[0] ?? '')).toBeNull();
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
});

test('a gate that somebody else opened a second ago is not stopped by a second pulse', async () => {
  await owner.ending(idOf(await owner.open(gate)));
  house.advance(1_000);
  const second = await neighbour.open(gateNextDoor);
  expect(second).toMatchObject({ operation: { state: 'SUCCEEDED' }, errors: [] });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Jd5tG2': 1 });
  house.advance(10_000);
  await neighbour.ending(idOf(await neighbour.open(gateNextDoor)));
  expect(await house.platform.counts()).toEqual({ 'open:ap_Jd5tG2': 2 });
});

test('when the platform refuses the one who leads, who followed gets an attempt of their own', async () => {
  await house.platform.outage({ on: true, mode: 'refuse' });
  const [leading, following] = [idOf(await owner.open(gate)), idOf(await neighbour.open(gateNextDoor))];
  await house.platform.fault({ kind: '503', match: { method: 'POST', path: '/open' }, times: 1 });
  await house.platform.outage({ on: false });
  expect(await owner.ending(leading)).toMatchObject({ state: 'FAILED' });
  expect(await neighbour.ending(following)).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Jd5tG2': 1 });
});

test('when the one who leads may not open any more, who followed still gets the pulse', async () => {
  await house.platform.outage({ on: true, mode: 'refuse' });
  const [leading, following] = [idOf(await resident.open(entrance)), idOf(await owner.open(entrance))];
  const { myMembership } = await resident.home('Кв. 12');
  const { revoke } = await memberOf(house, 'owner-a12');
  expect(await revoke({ membershipId: myMembership?.id })).toMatchObject({ errors: [] });
  await house.platform.outage({ on: false });
  expect(await resident.ending(leading)).toMatchObject({ state: 'CANCELLED', error: { code: 'NO_LONGER_ALLOWED' } });
  expect(await owner.ending(following)).toMatchObject({ state: 'SUCCEEDED' });
  expect((await house.platform.counts())['open:ap_Hn4xW1']).toBe(1);
});
