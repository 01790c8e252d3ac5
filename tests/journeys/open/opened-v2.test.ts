import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('one tap opens the door once, and the app is told when the platform says so', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  const { operation, errors } = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  expect(errors).toEqual([]);
  expect(operation?.state).toBe('ACCEPTED');
  const ended = await owner.ending(operation?.id ?? '');
  expect(ended).toMatchObject({ kind: 'OPEN', state: 'SUCCEEDED', error: null, attempts: 1, platformVersion: 'v2' });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
});

test('the same tap sent again answers the first operation and opens nothing more', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  await house.platform.reset();
  const tap = { premisesId: home.id, accessPointId: pointOf(home, 'BARRIER').id, idempotencyKey: newKey() };
  const answers = await Promise.all(Array.from({ length: 10 }, () => owner.open(tap)));
  const ids = new Set(answers.map(({ operation }) => operation?.id));
  expect(ids.size).toBe(1);
  await owner.ending([...ids][0] ?? '');
  expect(await house.platform.counts()).toEqual({ 'open:ap_Zk8mL6': 1 });
});

test('the key of another intent is refused, and nothing is opened for it', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  await house.platform.reset();
  const idempotencyKey = newKey();
  const first = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id, idempotencyKey });
  await owner.ending(first.operation?.id ?? '');
  const second = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'BARRIER').id, idempotencyKey });
  expect(second).toMatchObject({ operation: null, errors: [{ code: 'IDEMPOTENCY_KEY_REUSED' }] });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
});

test('two people may use the same key for intents of their own', async () => {
  const [owner, neighbour] = [await residentOf(house, 'owner-a12'), await residentOf(house, 'owner-a13')];
  const [home, next] = [await owner.home('Кв. 12'), await neighbour.home('Кв. 13')];
  const idempotencyKey = newKey();
  const mine = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id, idempotencyKey });
  const theirs = await neighbour.open({
    premisesId: next.id,
    accessPointId: pointOf(next, 'ENTRANCE').id,
    idempotencyKey,
  });
  expect(mine.operation?.id).not.toBe(theirs.operation?.id);
});

test('another person cannot see the operation', async () => {
  const [owner, neighbour] = [await residentOf(house, 'owner-a12'), await residentOf(house, 'owner-a13')];
  const home = await owner.home('Кв. 12');
  const { operation } = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  expect(await neighbour.status(operation?.id ?? '')).toBeNull();
  expect(await neighbour.status('op_that_does_not_exist')).toBeNull();
});

test('the platform is told the deadline, the key and a pseudonym, and nothing about the person', async () => {
  const requests = await house.platform.requests();
  const opens = requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/open'));
  expect(opens.length).toBeGreaterThan(0);
  for (const { headers, body } of opens) {
    expect(headers['idempotency-key']).toMatch(/^op_/);
    expect(Date.parse(headers['expires-at'] ?? '')).not.toBeNaN();
    expect(Object.keys(body as object).toSorted()).toEqual(['deadline', 'reason', 'subjectRef', 'unitId']);
  }
  expect(JSON.stringify(requests)).not.toMatch(/owner-a1[23]|pe_owner/);
});
