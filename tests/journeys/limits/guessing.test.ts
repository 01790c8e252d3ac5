/** Who tries doors and flats that are not theirs is locked out; whose they are notices nothing. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../../support/documents.ts';
import { type GraphqlAnswer, newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { type Home, pointOf, residentOf } from '../../support/residents.ts';
import { homeWithDoors } from '../memberships/members.ts';

const HOUR_MS = 3_600_000;
const lockout = { failures: 5, withinMs: HOUR_MS, firstMs: 30_000, longestMs: HOUR_MS, codes: ['NOT_FOUND'] };
const policy = {
  budgets: [
    { per: 'actor', max: 1_000, windowMs: 60_000 },
    { per: 'premises', argument: 'input.premisesId', max: 4, windowMs: 60_000 },
  ],
  lockout,
};

let directory: string;
let house: TestHouse;
let home: Home;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'limits-'));
  const file = join(directory, 'limits.json');
  writeFileSync(file, JSON.stringify({ 'Mutation.openAccessPoint': policy, 'Mutation.addVehicle': policy }));
  house = await openHouse({ LIMITS_FILE: file });
  home = await homeWithDoors(await residentOf(house, 'owner-a12'), 'Кв. 12');
});
afterAll(async () => {
  await house.stop();
  await rm(directory, { recursive: true, force: true });
});

const send = async (user: string, document: string, input: Record<string, unknown>): Promise<GraphqlAnswer> =>
  house.post(
    { query: documentText(document), variables: { input: { idempotencyKey: newKey(), ...input } } },
    { authorization: `Bearer ${await house.token(user)}` },
  );
const tap = (user: string): Promise<GraphqlAnswer> =>
  send(user, 'open-access-point', { premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
const park = (user: string, premisesId = home.id): Promise<GraphqlAnswer> =>
  send(user, 'add-vehicle', { premisesId, plate: 'А123ВС77' });

test('a stranger at a door is locked out, for longer each time, and the owner opens it meanwhile', async () => {
  for (let tried = 0; tried < 5; tried += 1) expect((await tap('outsider')).status).toBe(200);
  const locked = await tap('outsider');
  expect({ status: locked.status, after: locked.headers.get('retry-after') }).toEqual({ status: 429, after: '30' });
  expect((await tap('owner-a12')).data).toMatchObject({ openAccessPoint: { errors: [] } });
  house.advance(30_000);
  for (let tried = 0; tried < 5; tried += 1) expect((await tap('outsider')).status).toBe(200);
  expect(Number((await tap('outsider')).headers.get('retry-after'))).toBeGreaterThan(55);
});

test('the tries of a stranger use up nothing of the budget of the flat', async () => {
  for (let tried = 0; tried < 4; tried += 1) expect((await park('owner-b7')).status).toBe(200);
  for (const user of ['owner-a12', 'resident-a12'])
    expect((await park(user)).errors?.map(({ extensions }) => extensions.code) ?? []).toEqual([]);
});

test('flats that are tried one after another are guesses too, and lock nobody out of doors', async () => {
  const statuses: number[] = [];
  for (let tried = 0; tried < 6; tried += 1) statuses.push((await park('owner-a13', `pr_invented_${tried}`)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  expect((await tap('owner-a13')).status).toBe(200);
});
