import { expect, test } from '@jest/globals';
import { seedWorld } from '../seed.ts';
import { platformWorld, worldSizeOf } from './world.ts';

const SMALL = platformWorld();
const LARGE = platformWorld('large');
const OURS = seedWorld('large');

const doubles = (names: readonly unknown[]): unknown[] => names.filter((name, index) => names.indexOf(name) !== index);

test('the large world holds the small one as it is, on both sides', () => {
  expect([SMALL.sites.length, SMALL.units.length, SMALL.accessPoints.length]).toEqual([3, 4, 12]);
  expect(LARGE.sites.slice(0, 3)).toEqual(SMALL.sites);
  expect(LARGE.units.slice(0, 4)).toEqual(SMALL.units);
  expect(LARGE.accessPoints.slice(0, 12)).toEqual(SMALL.accessPoints);
  const small = seedWorld();
  expect(OURS.people.slice(0, small.people.length)).toEqual(small.people);
  expect(OURS.memberships.slice(0, small.memberships.length)).toEqual(small.memberships);
});

test('the large world is a thousand flats with an owner and a resident each, on ten sites of which two are legacy', () => {
  const count = (list: keyof typeof OURS) => OURS[list].length - seedWorld()[list].length;
  expect(LARGE.units.length - SMALL.units.length).toBe(1000);
  expect([count('complexes'), count('premises'), count('people'), count('memberships')]).toEqual([
    10, 1000, 2000, 2000,
  ]);
  expect(LARGE.sites.slice(3).map(({ name, version }) => `${name} ${version}`)).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((complex) => `L${complex} ${complex > 8 ? 'v1' : 'v2'}`),
  );
  expect(OURS.people.map(({ handle }) => handle)).toEqual(
    expect.arrayContaining(['owner-l0001', 'resident-l0001', 'owner-l1000', 'resident-l1000']),
  );
});

test('no id is there twice', () => {
  for (const names of [
    LARGE.units.map(({ id }) => id),
    LARGE.units.map(({ legacyId }) => legacyId),
    LARGE.units.map(({ externalRef }) => externalRef),
    LARGE.accessPoints.map(({ id }) => id),
    LARGE.accessPoints.map(({ domophoneId, doorId }) => `${domophoneId}/${doorId}`),
    LARGE.sites.map(({ id }) => id),
    OURS.people.map(({ id }) => id),
    OURS.people.map(({ handle }) => handle),
    OURS.people.map(({ phone }) => phone),
    OURS.premises.map(({ id }) => id),
    OURS.memberships.map(({ id }) => id),
  ])
    expect(doubles(names)).toEqual([]);
});

test('ids look as the contract writes them, and do not count', () => {
  for (const { id, externalRef } of LARGE.units) {
    expect(id).toMatch(/^unit_[A-Za-z0-9]{6}$/);
    expect(externalRef).toMatch(/^xr_[A-Za-z0-9]{4,40}$/);
  }
  for (const { id } of LARGE.accessPoints) expect(id).toMatch(/^ap_[A-Za-z0-9]{6}$/);
  const ids = LARGE.units.map(({ id }) => id);
  expect(ids).not.toEqual(ids.toSorted());
});

test('a premises of ours and a unit of theirs are the same flat of the same house', () => {
  const siteOf = new Map(OURS.complexes.map(({ id, siteId }) => [id, siteId]));
  const zoneOf = new Map(LARGE.sites.map(({ id, timeZone }) => [id, timeZone]));
  const units = new Map(LARGE.units.map((unit) => [unit.externalRef, unit]));
  const there = OURS.premises.filter(({ externalRef }) => externalRef !== null);
  expect(there).toHaveLength(LARGE.units.length);
  for (const { complexId, externalRef } of there)
    expect(units.get(externalRef ?? '')?.siteId).toBe(siteOf.get(complexId));
  for (const { siteId, timeZone } of OURS.complexes) expect(zoneOf.get(siteId)).toBe(timeZone);
});

test('a flat reaches the entrance of its staircase, and the gate and the barrier of its house', () => {
  const points = new Map(LARGE.accessPoints.map((point) => [point.id, point]));
  for (const { siteId, accessPoints } of LARGE.units.slice(4)) {
    const reached = accessPoints.map((id) => points.get(id));
    expect(reached.map((point) => point?.kind)).toEqual(['entrance', 'gate', 'barrier']);
    expect(reached.map((point) => point?.actuation)).toEqual(['momentary', 'toggle', 'momentary']);
    expect(new Set(reached.map((point) => point?.siteId))).toEqual(new Set([siteId]));
  }
  const residents = Map.groupBy(LARGE.units.slice(4), ({ accessPoints }) => accessPoints[0]);
  expect(new Set([...residents.values()].map((units) => units.length))).toEqual(new Set([10]));
});

test('SEED_WORLD is small or large, and nothing else', () => {
  expect([undefined, '', 'small', 'large', 'huge'].map(worldSizeOf)).toEqual([
    'small',
    'small',
    'small',
    'large',
    undefined,
  ]);
});
