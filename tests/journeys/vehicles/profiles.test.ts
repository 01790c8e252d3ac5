/** What becomes of a car by what the platform keeps (docs/delivery.md). */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { eventually, openHouse, type TestHouse } from '../../support/house.ts';
import { type Home, type Resident, residentOf } from '../../support/residents.ts';

const PROFILES = ['A', 'B', 'C'] as const;
/** Silence for so long, and then a reset; our own patience is a matter of doors. */
const SILENT_MS = 200;

type Flat = { unit: string; resident: Resident; home: Home };
let house: TestHouse;
let flats: Flat[];
beforeAll(async () => {
  house = await openHouse();
});
beforeEach(async () => {
  await house.platform.reset();
  const flat = async (unit: string, user: string, label: string): Promise<Flat> => {
    const resident = await residentOf(house, user);
    return { unit, resident, home: await resident.home(label) };
  };
  flats = [
    await flat('unit_7Qm2fD', 'owner-a12', 'Кв. 12'),
    await flat('unit_9Rt5kB', 'owner-a13', 'Кв. 13'),
    await flat('unit_2Ns6wV', 'owner-c1', 'Дом 1'),
  ];
});
afterAll(() => house.stop());

const VEHICLES = { path: 'vehicle-permits' };
const breakNext = (method: string, kind: string, { unit }: Flat) =>
  house.platform.fault({
    kind,
    times: 1,
    // A permit's own path does not name its unit.
    match: { method, path: method === 'POST' ? `/units/${unit}/${VEHICLES.path}` : VEHICLES.path },
    ...(kind.startsWith('timeout') && { ms: SILENT_MS }),
  });
const sent = async (method: string) =>
  (await house.platform.requests()).filter(
    (request) => request.method === method && request.path.includes(VEHICLES.path),
  ).length;
const add = async ({ resident, home }: Flat, plate: string) => {
  const { vehicle, operation } = await resident.addVehicle({ premisesId: home.id, plate });
  return { vehicleId: vehicle?.id ?? '', operationId: operation?.id ?? '' };
};
const onEvery = <T>(work: (flat: Flat, index: number) => Promise<T>): Promise<T[]> => Promise.all(flats.map(work));
const effects = (kind: string, times: number) =>
  Object.fromEntries(flats.map(({ unit }) => [`${kind}:${unit}`, times]));

test.each(PROFILES)(
  '%s: a car whose adding was done and never answered is added once, and removed once',
  async (profile) => {
    await house.platform.profile(profile);
    const kinds = ['timeout-after-effect', 'reset-after-effect', '500-after-effect'];
    const cars = await onEvery(async (flat, index) => {
      await breakNext('POST', kinds[index] ?? '', flat);
      return add(flat, 'А001АА 77');
    });
    await onEvery(async ({ resident }, index) => {
      expect(await resident.ending(cars[index]?.operationId ?? '')).toMatchObject({ state: 'SUCCEEDED' });
    });
    expect(await house.platform.counts()).toEqual(effects('plate.add', 1));

    for (const flat of flats) await breakNext('DELETE', kinds[flats.indexOf(flat)] ?? '', flat);
    await onEvery(async ({ resident }, index) => {
      const { operation } = await resident.removeVehicle({ vehicleId: cars[index]?.vehicleId ?? '' });
      expect(await resident.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
    });
    expect(await house.platform.counts()).toEqual({ ...effects('plate.add', 1), ...effects('plate.remove', 1) });
  },
);

test.each(PROFILES)('%s: a car whose adding got lost is added once all the same', async (profile) => {
  await house.platform.profile(profile);
  const kinds = ['timeout-before', 'reset-before', '500-before'];
  const cars = await onEvery(async (flat, index) => {
    await breakNext('POST', kinds[index] ?? '', flat);
    return add(flat, 'А002АА 77');
  });
  if (profile === 'C') {
    await eventually(
      () => sent('POST'),
      (times) => times === flats.length,
    );
    // Until then it may be on its way.
    house.advance(16_000);
  }
  await onEvery(async ({ resident }, index) => {
    expect(await resident.ending(cars[index]?.operationId ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  });
  expect(await house.platform.counts()).toEqual(effects('plate.add', 1));
  expect(await sent('POST')).toBe(2 * flats.length);
});

test.each(PROFILES)(
  '%s: a car whose answer breaks the contract while it is being added is added once',
  async (profile) => {
    await house.platform.profile(profile);
    const cars = await onEvery(async (flat) => {
      await breakNext('POST', 'junk-json', flat);
      return add(flat, 'А003АА 77');
    });
    await onEvery(async ({ resident }, index) => {
      expect(await resident.ending(cars[index]?.operationId ?? '')).toMatchObject({ state: 'SUCCEEDED' });
    });
    expect(await house.platform.counts()).toEqual(effects('plate.add', 1));
  },
);

test('C: a request that is held up is waited for, and not sent again beside itself', async () => {
  await house.platform.profile('C');
  const [flat] = flats;
  if (!flat) throw new Error('there is no flat');
  const match = { method: 'POST', path: `/units/${flat.unit}/${VEHICLES.path}` };
  // Beyond our patience, and not beyond what may be on its way.
  await house.platform.fault({ kind: 'held-up', ms: 5_000, times: 1, match });
  const { operationId } = await add(flat, 'А004АА 77');
  expect(await flat.resident.ending(operationId)).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ [`plate.add:${flat.unit}`]: 1 });
  expect(await sent('POST')).toBe(1);
});

test('C: new terms that got lost on their way are given to the permit that is there', async () => {
  await house.platform.profile('C');
  const [flat] = flats;
  if (!flat) throw new Error('there is no flat');
  const first = await add(flat, 'А005АА 77');
  await flat.resident.ending(first.operationId);
  await house.platform.fault({ kind: 'reset-before', times: 1, match: { method: 'PATCH' } });
  const validUntil = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const { operation } = await flat.resident.addVehicle({ premisesId: flat.home.id, plate: 'А005АА 77', validUntil });
  expect(await flat.resident.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await sent('PATCH')).toBe(2);
  expect(await house.platform.counts()).toEqual({ [`plate.add:${flat.unit}`]: 1 });
});
