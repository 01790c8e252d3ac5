import { afterEach, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, residentOf } from '../../support/residents.ts';
import { alarm, countsOf, untilCounted, untilSubscribed } from '../../support/webhooks.ts';

const MINUTE_MS = 60_000;

let house: TestHouse;
const open = async (overrides: Record<string, string> = {}): Promise<void> => {
  house = await openHouse(overrides);
  await untilSubscribed(house);
};
afterEach(() => house.stop());

/** What is counted from now on. */
const countFrom = async () => {
  const before = await countsOf(house);
  return (counts: Record<string, number>, outcome: string): number => (counts[outcome] ?? 0) - (before[outcome] ?? 0);
};

test('what the platform tells is stored once, doubled or late, and what it has not said is never stored', async () => {
  await open();
  const since = await countFrom();
  await alarm(house, { duplicate: 3 });
  await alarm(house, { reorder: true });
  for (let count = 0; count < 5; count += 1) await alarm(house, { forge: true });
  await alarm(house);
  const counts = await untilCounted(
    house,
    (found) => since(found, 'taken') + since(found, 'repeated') >= 6 && since(found, 'refused-signature') >= 5,
  );
  expect(['taken', 'repeated', 'refused-signature'].map((outcome) => since(counts, outcome))).toEqual([3, 3, 5]);
}, 60_000);

test('the end of an order is known as soon as the platform tells of it, and not when its time to be asked has come', async () => {
  await open({ SIM_DEVICE_LATENCY_MS: '4000' });
  const resident = await residentOf(house, 'owner-a12');
  const home = await resident.home('Кв. 12');
  const { operation } = await resident.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id });
  const id = operation?.id ?? '';
  await resident.ending(id, 'SENT');
  // Twenty minutes old, it is asked about every forty-eight seconds.
  house.advance(20 * MINUTE_MS);
  const later = await residentOf(house, 'owner-a12');
  await later.ending(id, 'UNKNOWN_OUTCOME');
  const told = performance.now();
  expect(await later.ending(id)).toMatchObject({ state: 'EXPIRED' });
  expect(performance.now() - told).toBeLessThan(15_000);
}, 40_000);

test('that a house has changed its version is known at once', async () => {
  await open();
  const resident = await residentOf(house, 'owner-a12');
  const versionOf = async () => (await resident.home('Кв. 12')).complex.platform.apiVersion;
  expect(await versionOf()).toBe('v2');
  const since = await countFrom();
  await house.platform.version({ siteId: 17, version: 'v1' });
  await untilCounted(house, (counts) => since(counts, 'taken') > 0);
  const began = performance.now();
  while ((await versionOf()) !== 'v1') expect(performance.now() - began).toBeLessThan(10_000);
}, 40_000);
