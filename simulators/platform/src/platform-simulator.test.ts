import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, each, startCaller } from './test/caller.ts';
import { ENTRANCE, ended, open, openV1, SUBJECT } from './test/requests.ts';

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());
beforeEach(() => caller.control('/reset', {}));

test('v2: a resident opens the entrance, and the ledger has one opening with its key', async () => {
  const points = await caller.v2('/units/unit_7Qm2fD/access-points');
  expect(each(at(points.body, 'items'), 'kind')).toEqual(['entrance', 'elevator', 'gate', 'barrier']);
  const key = randomUUID();
  const opened = await open(caller, { key });
  expect(opened).toMatchObject({ status: 202, body: { state: 'accepted', key, result: null, finishedAt: null } });
  expect(opened.headers.location).toBe(`/api/v2/operations/${at(opened.body, 'id')}`);
  expect(await ended(caller, opened)).toMatchObject({
    status: 200,
    body: { state: 'succeeded', result: { accessPointId: ENTRANCE } },
  });
  expect((await caller.control('/ledger')).body).toEqual({
    effects: [
      {
        sequence: 1,
        at: expect.stringMatching(/Z$/),
        kind: 'open',
        target: ENTRANCE,
        subjectRef: SUBJECT,
        idempotencyKey: key,
        apiVersion: 'v2',
      },
    ],
    counts: { [`open:${ENTRANCE}`]: 1 },
  });
});

test('v1: a resident finds the flat by its pseudonym, opens, and replaces the cars', async () => {
  expect(each(at((await caller.v1('/houses')).body, 'data'), 'houseId')).toEqual([23, 31]);
  const flats = await caller.v1('/houses/23/flats?externalRef=xr_t9Lb5gRd');
  expect(at(flats.body, 'data')).toEqual([{ flatId: 23007, houseId: 23, externalRef: 'xr_t9Lb5gRd' }]);
  const doors = await caller.v1('/houses/23/doors?flatId=23007');
  expect(at(doors.body, 'data', 0)).toEqual({
    domophoneId: 2301,
    doorId: 0,
    icon: 'entrance',
    name: 'Подъезд',
    online: 't',
  });
  expect((await openV1(caller)).status).toBe(204);
  expect((await caller.v1('/flats/23007/cars')).body).toEqual({ code: 200, name: 'ok', message: 'Хорошо' });
  const put = (cars: string) => caller.v1('/flats/23007/cars', { method: 'PUT', body: { cars } });
  expect((await put('A123BC77\nB456EK197')).status).toBe(204);
  expect((await put('M001MM77\nB456EK197')).status).toBe(204);
  const cars = await caller.v1('/flats/23007/cars');
  expect(at(cars.body, 'data')).toEqual({ flatId: 23007, cars: 'M001MM77\nB456EK197' });
  expect(await caller.counts()).toEqual({
    'open:ap_Qy2vA8': 1,
    'plate.add:unit_4Xc8jH': 3,
    'plate.remove:unit_4Xc8jH': 1,
  });
});

test('every answer about houses and people keeps to the contract', async () => {
  const paths = ['/health', '/limits', '/openapi.json', '/sites', '/sites/17', '/sites/31/units', '/units/unit_2Ns6wV'];
  const lists = ['/sites/17/access-points', '/access-points?ids=ap_Hn4xW1,ap_Xg5nD2', '/access-points/ap_Jd5tG2'];
  for (const path of [...paths, ...lists]) expect(await caller.v2(path)).toMatchObject({ status: 200 });
  expect(await caller.raw('/.well-known/smart-home-platform')).toMatchObject({ status: 200 });
  for (const path of ['/houses/23/doors', '/flats/23007', '/flats/31001', '/houses/31/flats?page=1&per=1'])
    expect(await caller.v1(path)).toMatchObject({ status: 200 });
  const subject = { method: 'PUT', body: { role: 'owner', validUntil: null } };
  expect((await caller.v2(`/units/unit_7Qm2fD/subjects/${SUBJECT}`, subject)).status).toBe(200);
});

test('neither side has broken the contract', () => {
  expect(caller.simulator.contractViolations()).toEqual([]);
});
