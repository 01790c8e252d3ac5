/** Limits on several gateways, while the Redis that they count in is wiped, dies and comes back, and everything restarts. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { documentText } from '../support/documents.ts';
import { newKey, openHouse, type TestHouse } from '../support/house.ts';
import { type HouseServices, openServices } from '../support/services.ts';

const BUDGET = 12;
const HOUR_MS = 3_600_000;
const lockout = { failures: 5, withinMs: HOUR_MS, firstMs: HOUR_MS, longestMs: HOUR_MS, codes: ['NOT_FOUND'] };
const LIMITS = {
  'Mutation.openAccessPoint': { max: BUDGET, windowMs: 60_000 },
  'Mutation.removeVehicle': { budgets: [{ per: 'actor', max: 100, windowMs: 60_000 }], lockout },
};

let directory: string;
let services: HouseServices;
let environment: Record<string, string>;
const houses: TestHouse[] = [];
const start = async (): Promise<TestHouse> => {
  const house = await openHouse({ ...environment, ...services.variables });
  houses.push(house);
  return house;
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'limits-'));
  const file = join(directory, 'limits.json');
  writeFileSync(file, JSON.stringify(LIMITS));
  environment = { LIMITS_FILE: file };
  services = await openServices();
});
afterAll(async () => {
  for (const house of houses) await house.close();
  await services.release();
  await rm(directory, { recursive: true, force: true });
});

const wipe = async (): Promise<void> => {
  const redis = new Redis(services.variables.REDIS_URL ?? '');
  await redis.flushall();
  await redis.quit();
};

const tokens = new Map<string, Promise<string>>();
const tokenOf = (house: TestHouse, user: string): Promise<string> => {
  const name = `${user} at ${house.url}`;
  const token = tokens.get(name) ?? house.token(user);
  tokens.set(name, token);
  return token;
};

const send = async (house: TestHouse, user: string, document: string, input: object): Promise<number> => {
  const authorization = `Bearer ${await tokenOf(house, user)}`;
  const variables = { input: { idempotencyKey: newKey(), ...input } };
  return (await house.post({ query: documentText(document), variables }, { authorization })).status;
};
const tap = (house: TestHouse, user: string): Promise<number> =>
  send(house, user, 'open-access-point', { premisesId: 'pr_none', accessPointId: 'ap_none' });
const remove = (house: TestHouse, user: string): Promise<number> =>
  send(house, user, 'remove-vehicle', { vehicleId: 'vh_none' });
const admittedOf = (statuses: readonly number[]): number => statuses.filter((status) => status === 200).length;

test('200 requests at once through two gateways are admitted exactly as often as the limit allows', async () => {
  const gateways = [await start(), await start()];
  const statuses = await Promise.all(
    gateways.flatMap((gateway) => Array.from({ length: 100 }, () => tap(gateway, 'owner-a12'))),
  );
  expect(admittedOf(statuses)).toBe(BUDGET);
  expect(statuses.filter((status) => status === 429)).toHaveLength(200 - BUDGET);
});

test('a Redis that is wiped again and again in the middle of an attack gives at most one budget more for each further gateway', async () => {
  const [one, other] = houses;
  if (!one || !other) throw new Error('expected two gateways');
  const statuses: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const attack = [one, other].flatMap((gateway) => Array.from({ length: 10 }, () => tap(gateway, 'owner-a13')));
    await wipe();
    statuses.push(...(await Promise.all(attack)));
  }
  expect(admittedOf(statuses)).toBeGreaterThanOrEqual(BUDGET);
  expect(admittedOf(statuses)).toBeLessThanOrEqual(2 * BUDGET);
});

test('who was locked out stays locked out: at every gateway, when Redis is wiped, and when everything restarts', async () => {
  const [one, other] = houses;
  if (!one || !other) throw new Error('expected two gateways');
  for (let tried = 0; tried < 5; tried += 1) expect(await remove(one, 'outsider')).toBe(200);
  expect(await remove(one, 'outsider')).toBe(429);
  expect(await remove(other, 'outsider')).toBe(429);
  await wipe();
  expect(await remove(one, 'outsider')).toBe(429);
  for (const house of houses.splice(0)) await house.close();
  const reborn = await start();
  expect(await remove(reborn, 'outsider')).toBe(429);
  expect(await remove(reborn, 'owner-a12')).toBe(200);
});

test('a Redis that dies in the middle of an attack gives nobody a place more, and doors go on', async () => {
  const [gateway] = houses;
  if (!gateway) throw new Error('expected a gateway');
  const before = await Promise.all([tap(gateway, 'owner-b7'), tap(gateway, 'owner-b7')]);
  const redis = new Redis(services.variables.REDIS_URL ?? '', { retryStrategy: () => null });
  redis.on('error', () => undefined);
  await redis.call('SHUTDOWN', 'NOSAVE').catch(() => undefined);
  redis.disconnect();
  const after = await Promise.all(Array.from({ length: 50 }, () => tap(gateway, 'owner-b7')));
  expect(admittedOf([...before, ...after])).toBe(BUDGET);
  expect(gateway.logged().match(/limit-store-unreachable/g)).toHaveLength(1);
});
