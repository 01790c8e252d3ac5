/**
 * Nobody learns here whether a plate is somebody else's. Whoever adds one is answered with the same bytes, and sees the
 * same become of it, whatever the house and the platform know of it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { maskBody, maskHeaders } from '../../support/masked.ts';
import { type Resident, residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse({ PLATE_BUDGET: '5' });
});
afterAll(() => house.stop());

const VEHICLE = `id plate country comment validFrom validUntil autoOpen accessPoints { id kind name }
  provisioning { accessPoint { id kind } state error since }`;
const OPERATION = 'id kind state createdAt deadline attempts finishedAt error { code message path } platformVersion';
const ERRORS = 'errors { code message path retryAfterSeconds }';

type Bytes = { status: number; headers: string[]; length: number; body: string };
type Seen = { answer: Bytes; operation: Bytes; entry: string };

/** Everything that is shown must have the same length; a plate of another form is masked, for it is the asker's own. */
const raw = async (authorization: string, query: string, variables: object): Promise<Bytes & { text: string }> => {
  const response = await fetch(house.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  return {
    text,
    status: response.status,
    headers: maskHeaders(response.headers),
    length: Buffer.byteLength(text),
    body: maskBody(text, ['plate']),
  };
};

const bytes = ({ status, headers, length, body }: Bytes): Bytes => ({ status, headers, length, body });

const FINAL = /"state":"(SUCCEEDED|FAILED|EXPIRED|CANCELLED)"/;

/** Adds the plate and looks at everything that its person can see of it, also when nothing more happens. */
const see = async (user: string, premisesId: string, plate: string): Promise<Seen> => {
  const authorization = `Bearer ${await house.token(user)}`;
  const add = `mutation ($input: AddVehicleInput!) { addVehicle(input: $input) {
    vehicle { ${VEHICLE} } operation { ${OPERATION} } ${ERRORS} } }`;
  const input = { premisesId, plate, comment: 'Синяя', idempotencyKey: newKey() };
  const answer = await raw(authorization, add, { input });
  const { vehicle, operation } = JSON.parse(answer.text).data.addVehicle;
  const status = `query ($id: ID!) { operation(id: $id) { ${OPERATION} } }`;
  const ended = await eventually(
    () => raw(authorization, status, { id: operation.id }),
    ({ text }) => FINAL.test(text),
  );
  const list = `query ($id: ID!) { premises(id: $id) { vehicles { ${VEHICLE} } } }`;
  const { data } = JSON.parse((await raw(authorization, list, { id: premisesId })).text);
  const entries = data.premises.vehicles.filter(({ id }: { id: string }) => id === vehicle.id);
  expect(entries).toHaveLength(1);
  return { answer: bytes(answer), operation: bytes(ended), entry: maskBody(JSON.stringify(entries[0]), ['plate']) };
};

const addAsResident = async (resident: Resident, premisesId: string, plate: string): Promise<string> => {
  const { vehicle, operation } = await resident.addVehicle({ premisesId, plate });
  await resident.ending(operation?.id ?? '');
  return vehicle?.id ?? '';
};

/** Of one flat: who asks, who lives there too, who lives elsewhere. */
const PLACES = [
  {
    site: 'of the second version',
    me: 'resident-a12',
    home: 'Кв. 12',
    with: 'owner-a12',
    next: ['owner-a13', 'Кв. 13'],
    digit: 1,
  },
  {
    site: 'of the first version',
    me: 'tenant-b7',
    home: 'Кв. 7',
    with: 'owner-b7',
    next: ['owner-b7', 'Кв. 7'],
    digit: 2,
  },
] as const;

describe.each(PLACES)('at a site $site', ({ me, home, with: coResident, next, digit }) => {
  let premisesId: string;
  let reference: Seen;
  const plate = (number: number): string => `А${digit}0${number}ВС 77`;
  beforeAll(async () => {
    premisesId = (await (await residentOf(house, me)).home(home)).id;
    reference = await see(me, premisesId, plate(0));
  });

  test('what is compared shows something: the car is on the list, and its operation has succeeded', () => {
    expect(reference.answer.body).toContain('"state":"ACCEPTED"');
    expect(reference.answer.body).toContain('"state":"QUEUED"');
    expect(reference.operation.body).toContain('"state":"SUCCEEDED"');
    expect(reference.entry).toContain('"state":"APPLIED"');
  });

  test('another new one is no different', async () => {
    expect(await see(me, premisesId, plate(1))).toEqual(reference);
  });

  test('one that is mine already is no different', async () => {
    await addAsResident(await residentOf(house, me), premisesId, plate(2));
    expect(await see(me, premisesId, plate(2))).toEqual(reference);
  });

  test('one that was mine is no different', async () => {
    const resident = await residentOf(house, me);
    const vehicleId = await addAsResident(resident, premisesId, plate(3));
    const { operation } = await resident.removeVehicle({ vehicleId });
    await resident.ending(operation?.id ?? '');
    expect(await see(me, premisesId, plate(3))).toEqual(reference);
  });

  test('one of somebody in the same flat is no different', async () => {
    await addAsResident(await residentOf(house, coResident), premisesId, plate(4));
    expect(await see(me, premisesId, plate(4))).toEqual(reference);
  });

  test("a neighbour's is no different", async () => {
    const neighbour = await residentOf(house, next[0]);
    await addAsResident(neighbour, (await neighbour.home(next[1])).id, plate(5));
    expect(await see(me, premisesId, plate(5))).toEqual(reference);
  });

  test('one of somebody in another complex is no different', async () => {
    const stranger = await residentOf(house, 'owner-c1');
    await addAsResident(stranger, (await stranger.home('Дом 1')).id, plate(6));
    expect(await see(me, premisesId, plate(6))).toEqual(reference);
  });

  test('one that everybody has added today is no different', async () => {
    for (const [user, label] of [
      ['owner-a12', 'Кв. 12'],
      ['owner-a13', 'Кв. 13'],
      ['owner-b7', 'Кв. 7'],
      ['owner-c1', 'Дом 1'],
      ['resident-a12', 'Кв. 12'],
      ['tenant-b7', 'Кв. 7'],
    ] as const) {
      const resident = await residentOf(house, user);
      await addAsResident(resident, (await resident.home(label)).id, plate(7));
    }
    expect(await see(me, premisesId, plate(7))).toEqual(reference);
  });
});

describe('a plate that the platform refuses for good', () => {
  /** The simulator takes no plates of motorcycles; with three digits of region one is as long as a car's. */
  const REFUSED = '1234АВ 777';

  test('is no different from one that it takes, the first time and the second', async () => {
    const { id } = await (await residentOf(house, 'resident-a12')).home('Кв. 12');
    const reference = await see('resident-a12', id, 'А890ВС 77');
    const before = (await house.platform.counts())['plate.add:unit_7Qm2fD'];
    expect(await see('resident-a12', id, REFUSED)).toEqual(reference);
    expect(await see('resident-a12', id, REFUSED)).toEqual(reference);
    expect((await house.platform.counts())['plate.add:unit_7Qm2fD']).toBe(before);
    expect(house.logged()).toContain('plate-refused');
    expect(house.logged()).not.toMatch(/1234AB|1234АВ/);
  });

  test('is taken off like any other', async () => {
    const resident = await residentOf(house, 'owner-a13');
    const { id } = await resident.home('Кв. 13');
    const endings: string[] = [];
    for (const plate of ['А891ВС 77', REFUSED]) {
      const vehicleId = await addAsResident(resident, id, plate);
      const { operation, errors } = await resident.removeVehicle({ vehicleId });
      const ended = await resident.ending(operation?.id ?? '');
      endings.push(maskBody(JSON.stringify({ ended, errors })));
      expect(await resident.removeVehicle({ vehicleId })).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] });
    }
    expect(endings[1]).toBe(endings[0]);
  });

  test('ends no sooner than one that a device learns, added and taken off', async () => {
    const resident = await residentOf(house, 'owner-a13');
    const { id: premisesId } = await resident.home('Кв. 13');
    const timed = async (work: () => Promise<{ operation: { id: string } | null }>): Promise<number> => {
      const startedAt = performance.now();
      await resident.ending((await work()).operation?.id ?? '');
      return performance.now() - startedAt;
    };
    for (const plate of ['А892ВС 77', REFUSED]) {
      let vehicleId = '';
      const add = async () => {
        const added = await resident.addVehicle({ premisesId, plate });
        vehicleId = added.vehicle?.id ?? '';
        return added;
      };
      expect(await timed(add)).toBeGreaterThanOrEqual(1_000);
      expect(await timed(() => resident.removeVehicle({ vehicleId }))).toBeGreaterThanOrEqual(1_000);
    }
  });
});

test('a plate beyond its budget reaches the platform within the hour, and keeps nobody waiting', async () => {
  const plate = 'Е777КХ 77';
  const owner = await residentOf(house, 'owner-a13');
  const { id: premisesId } = await owner.home('Кв. 13');
  const added = async () => (await house.platform.counts())['plate.add:unit_9Rt5kB'] ?? 0;
  for (const [user, label] of [
    ['owner-a12', 'Кв. 12'],
    ['resident-a12', 'Кв. 12'],
    ['owner-b7', 'Кв. 7'],
    ['tenant-b7', 'Кв. 7'],
    ['owner-c1', 'Дом 1'],
  ] as const) {
    const resident = await residentOf(house, user);
    await addAsResident(resident, (await resident.home(label)).id, plate);
  }
  const before = await added();
  await addAsResident(owner, premisesId, plate);
  expect(await added()).toBe(before);
  await addAsResident(owner, premisesId, 'Е778КХ 77');
  expect(await added()).toBe(before + 1);
  house.advance(61 * 60_000);
  expect(await eventually(added, (count) => count > before + 1)).toBe(before + 2);
});

test('a plate beyond its budget that is taken off before is never sent', async () => {
  const owner = await residentOf(house, 'owner-c1');
  const { id: premisesId } = await owner.home('Дом 1');
  const added = async () => (await house.platform.counts())['plate.add:unit_2Ns6wV'] ?? 0;
  const before = await added();
  for (let count = 0; count < 6; count += 1) {
    const vehicleId = await addAsResident(owner, premisesId, 'Е779КХ 77');
    const { operation } = await owner.removeVehicle({ vehicleId });
    expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  }
  house.advance(61 * 60_000);
  // By then whatever was due before has had its turn.
  const other = await residentOf(house, 'owner-c1');
  await addAsResident(other, premisesId, 'Е780КХ 77');
  await addAsResident(other, premisesId, 'Е781КХ 77');
  expect(await added()).toBe(before + 5 + 2);
});
