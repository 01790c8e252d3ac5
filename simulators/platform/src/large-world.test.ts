import { platformWorld } from '@house/schema/platform/world.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { at, type Caller, each, startCaller } from './test/caller.ts';
import { ended, open } from './test/requests.ts';

const { sites, units, accessPoints } = platformWorld('large');

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller({ world: 'large' });
});
afterAll(() => caller.close());

const unitsAt = (siteId: number) => units.filter((unit) => unit.siteId === siteId);
const doorOf = (id: string | undefined) => accessPoints.find((point) => point.id === id);

test('a flat of a large house is found by its pseudonym and opened, by either version', async () => {
  const [modern, legacy] = [unitsAt(101)[41], unitsAt(110)[99]];
  if (!modern || !legacy) throw new Error('the world is too small');
  const found = await caller.v2(`/sites/101/units?externalRef=${modern.externalRef}`);
  expect(each(at(found.body, 'items'), 'id')).toEqual([modern.id]);
  const points = await caller.v2(`/units/${modern.id}/access-points`);
  expect(each(at(points.body, 'items'), 'name')).toEqual(['Подъезд 5', 'Ворота', 'Шлагбаум']);
  const accessPointId = modern.accessPoints[0] ?? '';
  expect((await ended(caller, await open(caller, { unitId: modern.id, accessPointId }))).body).toMatchObject({
    state: 'succeeded',
  });

  const flats = await caller.v1(`/houses/110/flats?externalRef=${legacy.externalRef}`);
  expect(at(flats.body, 'data')).toEqual([{ flatId: 110100, houseId: 110, externalRef: legacy.externalRef }]);
  const door = doorOf(legacy.accessPoints[0]);
  const body = { doorId: door?.doorId, flatId: legacy.legacyId };
  expect((await caller.v1(`/domophones/${door?.domophoneId}/open`, { method: 'POST', body })).status).toBe(204);
  expect(await caller.counts()).toEqual({ [`open:${accessPointId}`]: 1, [`open:${door?.id}`]: 1 });
  const day = new Date(caller.now().getTime() + 5 * 60 * 60 * 1000).toISOString().slice(0, 10);
  const journal = await caller.v1(`/flats/${legacy.legacyId}/events?day=${day}`);
  expect(each(at(journal.body, 'data'), 'event')).toContain(4);
});

test('the discovery says which houses are legacy, and the small world is there', async () => {
  const { body } = await caller.raw('/.well-known/smart-home-platform');
  expect(each(at(body, 'sites', 'overrides'), 'siteId')).toEqual([23, 31, 109, 110]);
  expect((await ended(caller, await open(caller))).body).toMatchObject({ state: 'succeeded' });
});

test('lists of a thousand are walked in pages, and the log of all houses begins with their week', async () => {
  let [seen, next] = [0, ''];
  do {
    const { body } = await caller.v2(`/sites/105/units?limit=40${next}`);
    seen += each(at(body, 'items'), 'id').length;
    next = at(body, 'next') === null ? '' : `&cursor=${at(body, 'next')}`;
  } while (next !== '');
  expect(seen).toBe(100);
  const { body } = await caller.v2('/events?limit=100&siteId=108');
  expect(each(at(body, 'items'), 'sequence')).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(sites).toHaveLength(13);
});

test('neither side has broken the contract', () => {
  expect(caller.simulator.contractViolations()).toEqual([]);
});
