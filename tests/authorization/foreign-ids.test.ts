/**
 * Somebody else's id is answered as one that nobody has: with the same status, headers and bytes. A new root field that
 * takes an id is missing in the table until it has a row.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newKey, openHouse, type TestHouse } from '../support/house.ts';
import { maskHeaders } from '../support/masked.ts';
import { pointOf, residentOf } from '../support/residents.ts';
import { readRootFields } from './root-fields.ts';

const KINDS = ['premises', 'membership', 'accessPoint', 'vehicle', 'operation', 'complex'] as const;
type Kind = (typeof KINDS)[number];

let house: TestHouse;
/** Of flat 12, whose people are strangers to the asker in every way, and of the asker. */
const theirs = {} as Record<Kind, string>;
const mine = {} as Record<'premises' | 'accessPoint', string>;
const ASKER = 'owner-c1';
beforeAll(async () => {
  house = await openHouse();
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  const { vehicle, operation } = await owner.addVehicle({ premisesId: home.id, plate: 'А123ВС 77' });
  await owner.ending(operation?.id ?? '');
  Object.assign(theirs, {
    ...{ premises: home.id, membership: home.myMembership?.id, complex: home.complex.id },
    ...{ accessPoint: pointOf(home, 'BARRIER').id, vehicle: vehicle?.id, operation: operation?.id },
  });
  const own = await (await residentOf(house, ASKER)).home('Дом 1');
  Object.assign(mine, { premises: own.id, accessPoint: pointOf(own, 'ENTRANCE').id });
});
afterAll(() => house.stop());

const ERRORS = 'errors { code message path retryAfterSeconds }';
const changes = (field: string, type: string, selection: string): string =>
  `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} ${ERRORS} } }`;

/** Root field, kind of id, document, and its variables with that id in its place. */
const WAYS: readonly (readonly [string, Kind, string, (id: string) => object])[] = [
  ['Query.premises', 'premises', 'query ($id: ID!) { premises(id: $id) { id vehicles { id } } }', (id) => ({ id })],
  ['Query.complex', 'complex', 'query ($id: ID!) { complex(id: $id) { id name } }', (id) => ({ id })],
  ['Query.operation', 'operation', 'query ($id: ID!) { operation(id: $id) { id state } }', (id) => ({ id })],
  [
    'Mutation.openAccessPoint',
    'premises',
    changes('openAccessPoint', 'OpenAccessPointInput', 'operation { id }'),
    (premisesId) => ({ premisesId, accessPointId: mine.accessPoint }),
  ],
  [
    'Mutation.openAccessPoint',
    'accessPoint',
    changes('openAccessPoint', 'OpenAccessPointInput', 'operation { id }'),
    (accessPointId) => ({ premisesId: mine.premises, accessPointId }),
  ],
  [
    'Mutation.addVehicle',
    'premises',
    changes('addVehicle', 'AddVehicleInput', 'vehicle { id } operation { id }'),
    (premisesId) => ({ premisesId, plate: 'А124ВС 77' }),
  ],
  [
    'Mutation.addVehicle',
    'accessPoint',
    changes('addVehicle', 'AddVehicleInput', 'vehicle { id } operation { id }'),
    (accessPointId) => ({ premisesId: mine.premises, plate: 'А124ВС 77', accessPointIds: [accessPointId] }),
  ],
  [
    'Mutation.removeVehicle',
    'vehicle',
    changes('removeVehicle', 'RemoveVehicleInput', 'operation { id }'),
    (vehicleId) => ({ vehicleId }),
  ],
  [
    'Mutation.updateMembership',
    'membership',
    changes('updateMembership', 'UpdateMembershipInput', 'membership { id }'),
    (membershipId) => ({ membershipId, permissions: [] }),
  ],
  [
    'Mutation.revokeMembership',
    'membership',
    changes('revokeMembership', 'RevokeMembershipInput', 'membership { id }'),
    (membershipId) => ({ membershipId }),
  ],
  [
    'Mutation.leavePremises',
    'premises',
    changes('leavePremises', 'LeavePremisesInput', 'membership { id }'),
    (premisesId) => ({ premisesId }),
  ],
];

const ask = async (query: string, variables: object) => {
  const response = await fetch(house.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await house.token(ASKER)}` },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, headers: maskHeaders(response.headers), body: await response.text() };
};

/** As long as the other, and nobody's. */
const invented = (id: string): string => {
  const [prefix = ''] = /^[a-z]+_/.exec(id) ?? [];
  return prefix + 'x'.repeat(id.length - prefix.length);
};

test.each(WAYS)('%s tells nothing of somebody else’s %s', async (_, kind, query, variablesOf) => {
  const variables = (id: string): object =>
    query.startsWith('mutation') ? { input: { ...variablesOf(id), idempotencyKey: newKey() } } : variablesOf(id);
  const id = theirs[kind];
  expect(id).toMatch(/^[a-z]{2}_/);
  const foreign = await ask(query, variables(id));
  expect(await ask(query, variables(invented(id)))).toEqual(foreign);
  expect(foreign.body).not.toContain(id);
  expect(foreign.body).toMatch(/^{"data":{"\w+":(null|{("\w+":null,)+"errors":\[{"code":"NOT_FOUND")/);
});

test('every root field that takes an id has a row', () => {
  const takesAnId = readRootFields().filter(({ document }) => /\(/.test(document));
  const shown = new Set<string>(WAYS.map(([coordinate]) => coordinate));
  expect(takesAnId.map(({ coordinate }) => coordinate).filter((one) => !shown.has(one))).toEqual([]);
  expect(new Set(WAYS.map(([, kind]) => kind)).size).toBe(KINDS.length);
});

test('nothing was done to whom it belongs', async () => {
  const home = await (await residentOf(house, 'owner-a12')).home('Кв. 12');
  expect(home.vehicles.map(({ id }) => id)).toEqual([theirs.vehicle]);
  expect((await (await residentOf(house, ASKER)).home('Дом 1')).vehicles).toEqual([]);
});
