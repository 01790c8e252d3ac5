/** The limits as they are shipped: what a family never notices, and what stops who does not stop. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../../support/documents.ts';
import { type GraphqlAnswer, newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { type Home, pointOf, residentOf } from '../../support/residents.ts';
import { homeWithDoors } from '../memberships/members.ts';

let house: TestHouse;
let home: Home;
beforeAll(async () => {
  house = await openHouse({ LIMITS_FILE: '' });
  home = await homeWithDoors(await residentOf(house, 'owner-a12'), 'Кв. 12');
  await house.platform.reset();
});
afterAll(() => house.stop());

const input = (kind: string) => ({
  premisesId: home.id,
  accessPointId: pointOf(home, kind).id,
  deadlineMs: 3_000,
  idempotencyKey: newKey(),
});
const tapBy = async (user: string, kind = 'ENTRANCE'): Promise<GraphqlAnswer> =>
  house.post(
    { query: documentText('open-access-point'), variables: { input: input(kind) } },
    { authorization: `Bearer ${await house.token(user)}` },
  );

test('twelve taps of one person in a row pass; the thirteenth is told when, and the rest of the family taps on', async () => {
  for (let tap = 0; tap < 12; tap += 1) expect((await tapBy('owner-a12')).status).toBe(200);
  const { status, headers, errors } = await tapBy('owner-a12');
  expect(status).toBe(429);
  const seconds = Number(headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
  expect(errors?.[0]?.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterSeconds: seconds });
  expect((await tapBy('resident-a12')).status).toBe(200);
});

test('a document with ten taps under aliases is ten taps', async () => {
  const variables = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`i${n}`, input('GATE')]));
  const declared = Object.keys(variables).map((name) => `$${name}: OpenAccessPointInput!`);
  const fields = Object.keys(variables).map(
    (name) => `a_${name}: openAccessPoint(input: $${name}) { operation { state } errors { code } }`,
  );
  const query = `mutation(${declared.join()}) { ${fields.join(' ')} }`;
  const authorization = `Bearer ${await house.token('owner-a13')}`;
  // A stranger to these premises: nothing opens, and each is one of twelve all the same.
  expect((await house.post({ query, variables }, { authorization })).status).toBe(200);
  expect((await house.post({ query, variables }, { authorization })).status).toBe(429);
  expect((await tapBy('owner-a13')).status).toBe(200);
  expect((await tapBy('owner-a13')).status).toBe(200);
  expect((await tapBy('owner-a13')).status).toBe(429);
});

test('a family adds and removes a few cars in a row', async () => {
  const owner = await residentOf(house, 'owner-a12');
  for (let car = 1; car <= 3; car += 1) {
    const { vehicle, errors } = await owner.addVehicle({ premisesId: home.id, plate: `А00${car}АА77` });
    expect(errors).toEqual([]);
    expect((await owner.removeVehicle({ vehicleId: vehicle?.id ?? '' })).errors).toEqual([]);
  }
});

const fortyAdditions = async (plateOf: (index: number) => string): Promise<number[]> => {
  const [premises] = await (await residentOf(house, 'owner-c1')).homes();
  const authorization = `Bearer ${await house.token('owner-c1')}`;
  const statuses: number[] = [];
  for (let index = 0; index < 40; index += 1) {
    const input = { premisesId: premises?.id, plate: plateOf(index), idempotencyKey: newKey() };
    const { status } = await house.post(
      { query: documentText('add-vehicle'), variables: { input } },
      { authorization },
    );
    statuses.push(status);
  }
  return statuses;
};

test('a plate that is mistyped forty times uses nothing up', async () => {
  expect(await fortyAdditions(() => 'not a plate')).not.toContain(429);
});

test('forty changes of cars in an hour are not a family any more', async () => {
  const statuses = await fortyAdditions((index) => `А${100 + index}ВС77`);
  expect(statuses.slice(0, 30)).not.toContain(429);
  expect(statuses.slice(30)).toEqual(Array.from({ length: 10 }, () => 429));
});
