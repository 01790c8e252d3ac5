import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, type Resident, residentOf } from '../../support/residents.ts';
import { homeWithDoors } from '../memberships/members.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse({ SEED_WORLD: 'large' });
});
afterAll(() => house.stop());

type Tapper = { person: Resident; premisesId: string };

/** Owners of the flats `first` and onwards of the large world, who live in one complex and know its doors, and its gate. */
const crowdOf = async (size: number, first: number): Promise<{ crowd: Tapper[]; gate: string }> => {
  const crowd: Tapper[] = [];
  const gates = new Set<string>();
  for (let flat = first; flat < first + size; flat += 1) {
    const name = `l${String(flat).padStart(4, '0')}`;
    const person = await residentOf(house, `owner-${name}`);
    const home = await homeWithDoors(person, `Кв. ${((flat - 1) % 100) + 1}`);
    gates.add(pointOf(home, 'GATE').id);
    crowd.push({ person, premisesId: home.id });
  }
  const [gate = '', ...others] = gates;
  expect(others).toEqual([]);
  return { crowd, gate };
};

test.each([
  ['the second version', 50, 1],
  ['the first version', 20, 801],
])(
  'a crowd at a gate of %s causes two pulses at most, and everybody is told that it opened for them',
  async (_, size, first) => {
    const { crowd, gate } = await crowdOf(size, first);
    await house.platform.reset();
    const taps = await Promise.all(
      crowd.map(async ({ person, premisesId }) => {
        const { operation, errors } = await person.open({ premisesId, accessPointId: gate });
        expect(errors).toEqual([]);
        return { person, id: operation?.id ?? '' };
      }),
    );
    const ended = await Promise.all(taps.map(({ person, id }) => person.ending(id)));
    expect(ended.filter(({ state }) => state !== 'SUCCEEDED')).toEqual([]);
    expect(new Set(ended.map(({ id }) => id)).size).toBe(size);

    const [pulses = 0, ...others] = Object.values(await house.platform.counts());
    expect(others).toEqual([]);
    expect(pulses).toBeGreaterThanOrEqual(1);
    expect(pulses).toBeLessThanOrEqual(2);

    const seenByTheNext = await Promise.all(
      taps.map(({ person }, index) => person.status(taps[(index + 1) % size]?.id ?? '')),
    );
    expect(seenByTheNext.filter((operation) => operation !== null)).toEqual([]);
  },
);
