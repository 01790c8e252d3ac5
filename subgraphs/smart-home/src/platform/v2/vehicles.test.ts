import { expect, test } from '@jest/globals';
import type { PlatformAnswer } from '../client.ts';
import { faultOf, PlatformFault } from '../faults.ts';
import type { PlateOrder } from '../platform.ts';
import type { V2Session } from './session.ts';
import { createVehiclesV2 } from './vehicles.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const signal = new AbortController().signal;
const PLATE = { country: 'RU', canonical: 'A123BC77' };
const order = (overrides: Partial<PlateOrder> = {}): PlateOrder => ({
  key: 'op_1',
  sentAt: NOW,
  operationRef: null,
  unit: { siteId: 17, unitId: 'unit_1', flatId: 12 },
  plate: PLATE,
  accessPoints: [{ v2: 'ap_gate', v1: { domophoneId: 1, doorId: 0 } }],
  everywhere: true,
  validFrom: NOW,
  validUntil: null,
  autoOpen: true,
  platformRef: null,
  isRepeat: false,
  told: false,
  others: [],
  ...overrides,
});

type Answer = { status?: number; body?: unknown; problem?: string };

/** A platform that answers by `METHOD path`; what it was asked is in `asked`. */
const platform = (answers: Record<string, Answer>) => {
  const asked: string[] = [];
  const bodies: unknown[] = [];
  const session: V2Session = {
    clock: () => NOW,
    call: async ({ method, path, json }): Promise<PlatformAnswer> => {
      const request = `${method} ${path.replace(/\?.*$/, '')}`;
      asked.push(request);
      if (json !== undefined) bodies.push(json);
      const { status = 200, body = {}, problem } = answers[request] ?? { status: 404 };
      if (status >= 400) throw new PlatformFault(faultOf(status, problem));
      return { status, headers: { etag: '"1"' }, text: JSON.stringify(body) };
    },
    health: async () => undefined,
  };
  return { vehicles: createVehiclesV2(session), asked, bodies };
};
const operation = (state: string, id = 'vp_new') => ({ body: { id: 'o', state, result: { vehiclePermitId: id } } });
const permits = (...ids: string[]): Answer => ({
  body: { items: ids.map((id) => ({ id, plate: PLATE })), next: null },
});
const LIST = 'GET /units/unit_1/vehicle-permits';
const POST = 'POST /units/unit_1/vehicle-permits';

test('a permit that the platform has lost is made anew', async () => {
  for (const status of [404, 410]) {
    const { vehicles } = platform({
      'GET /vehicle-permits/vp_old': { status },
      [LIST]: permits(),
      [POST]: operation('succeeded'),
    });
    expect(await vehicles.add(order({ platformRef: 'vp_old', told: true }), signal)).toEqual({
      is: 'succeeded',
      result: { platformRef: 'vp_new' },
    });
  }
});

test('a permit that was changed while we looked at it is looked at again', async () => {
  const outdated = { 'GET /vehicle-permits/vp_1': {}, 'PATCH /vehicle-permits/vp_1': { status: 412 } };
  expect(await platform(outdated).vehicles.add(order({ platformRef: 'vp_1', told: true }), signal)).toMatchObject({
    is: 'not-taken',
    repeatable: true,
  });
});

test('a change that arrived under our key with the terms of then is done; the terms of now have a command of their own', async () => {
  const { vehicles } = platform({
    'GET /vehicle-permits/vp_1': {},
    'PATCH /vehicle-permits/vp_1': { status: 422, problem: 'idempotency-key-reused' },
  });
  expect(await vehicles.add(order({ platformRef: 'vp_1', told: true }), signal)).toMatchObject({ is: 'succeeded' });
});

test('a car that the first version was told of is found by its plate and gets the new terms, not a second permit', async () => {
  const { vehicles, asked } = platform({
    [LIST]: permits('vp_of_another', 'vp_ours'),
    'GET /vehicle-permits/vp_ours': {},
    'PATCH /vehicle-permits/vp_ours': {},
  });
  expect(await vehicles.add(order({ told: true, others: ['vp_of_another'] }), signal)).toEqual({
    is: 'succeeded',
    result: { platformRef: 'vp_ours' },
  });
  expect(asked).not.toContain(POST);
});

test("a car is removed by its plate only where it cannot be another person's", async () => {
  const removing = (changes: Partial<PlateOrder>) => {
    const { vehicles, asked } = platform({
      [LIST]: permits('vp_of_another', 'vp_ours'),
      'GET /vehicle-permits/vp_ours': {},
      'DELETE /vehicle-permits/vp_ours': operation('accepted'),
    });
    return vehicles.remove(order(changes), signal).then((outcome) => ({ outcome, asked }));
  };
  expect(await removing({ told: true, others: ['vp_of_another'] })).toMatchObject({
    outcome: { is: 'pending' },
    asked: [LIST, 'GET /vehicle-permits/vp_ours', 'DELETE /vehicle-permits/vp_ours'],
  });
  // The other person's has no name yet: it may be either of them.
  expect(await removing({ told: true, others: [null] })).toEqual({ outcome: { is: 'succeeded' }, asked: [] });
  // Never told: whoever put the plate there, it was not us.
  expect(await removing({ told: false })).toEqual({ outcome: { is: 'succeeded' }, asked: [] });
});

test('points that only the first version has named are asked for by the names of the second', async () => {
  const seen = { v1: { domophoneId: 1, doorId: 0 } };
  const point = {
    id: 'ap_gate',
    legacyId: '1/0',
    kind: 'gate',
    name: 'Gate',
    actuation: 'toggle',
    methods: ['app'],
    connectivity: 'online',
  };
  const { vehicles, bodies } = platform({
    'GET /units/unit_1/access-points': { body: { items: [point], next: null } },
    [POST]: operation('accepted'),
  });
  expect(await vehicles.add(order({ accessPoints: [seen] }), signal)).toEqual({ is: 'pending', ref: 'o' });
  expect(bodies).toMatchObject([{ points: ['ap_gate'] }]);
});

test('a permit is not made for fewer barriers than were asked for', async () => {
  const { vehicles, asked } = platform({
    'GET /units/unit_1/access-points': { body: { items: [], next: null } },
    [POST]: operation('accepted'),
  });
  const unknown = { v1: { domophoneId: 9, doorId: 9 } };
  for (const accessPoints of [[unknown], [...order().accessPoints, unknown], []])
    expect(await vehicles.add(order({ accessPoints }), signal)).toMatchObject({ is: 'failed' });
  expect(asked).not.toContain(POST);
});

test('an operation that somebody cancelled at the platform is refused, not sent again without end', async () => {
  const { vehicles } = platform({ [POST]: operation('cancelled') });
  expect(await vehicles.add(order(), signal)).toEqual({ is: 'failed', code: 'REFUSED_BY_PLATFORM' });
});

const BY_KEY = 'GET /operations/by-key/op_1';
const site = (...features: string[]): Answer => ({ body: { features } });
const REPEAT = { is: 'ambiguous', next: 'repeat' };
const ASK = { is: 'ambiguous', next: 'ask' };
const NO_TRACE = { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true };

test('a car of which there is no trace goes out again at once where keys are kept, and otherwise only when it can no longer be on its way', async () => {
  const added = (answers: Record<string, Answer>, sentAt: Date) =>
    platform({ [BY_KEY]: { status: 404 }, [LIST]: permits(), ...answers }).vehicles.added(order({ sentAt }), signal);
  const [now, before] = [NOW, new Date(NOW.getTime() - 15_000)];
  const keeps = { 'GET /sites/17': site('operations.keys') };
  expect(await added(keeps, now)).toEqual({ ...NO_TRACE, mayStillArrive: true });
  expect(await added(keeps, before)).toEqual({ ...NO_TRACE, mayStillArrive: false });
  expect(await added({ 'GET /sites/17': site() }, now)).toEqual(ASK);
  expect(await added({ 'GET /sites/17': site() }, before)).toEqual(NO_TRACE);
  // It moved to the first version, which knows a plate once.
  expect(await added({ 'GET /sites/17': { status: 404 } }, now)).toEqual(REPEAT);
  // Nothing is known of what it keeps, or of the list.
  expect(await added({ 'GET /sites/17': { status: 503 } }, before)).toEqual(ASK);
  expect(await added({ 'GET /sites/17': site(), [LIST]: { status: 504 } }, before)).toEqual(ASK);
});

test('without keys, a permit that is there is given the terms of the order instead of a second one beside it', async () => {
  const answers = {
    'GET /sites/17': site(),
    [LIST]: permits('vp_of_another', 'vp_ours'),
    'GET /vehicle-permits/vp_ours': {},
    'PATCH /vehicle-permits/vp_ours': {},
  };
  const { vehicles, asked } = platform(answers);
  const others = ['vp_of_another'];
  expect(await vehicles.added(order({ others }), signal)).toEqual(REPEAT);
  expect(await vehicles.add(order({ others, told: true, isRepeat: true }), signal)).toEqual({
    is: 'succeeded',
    result: { platformRef: 'vp_ours' },
  });
  expect(asked).not.toContain(POST);
});

test("without keys, a permit that cannot be told from another person's is there all the same", async () => {
  const added = (...ids: string[]) =>
    platform({ 'GET /sites/17': site(), [LIST]: permits(...ids) }).vehicles.added(order({ others: [null] }), signal);
  expect(await added('vp_one', 'vp_two')).toEqual({ is: 'succeeded' });
  expect(await added('vp_one')).toEqual(ASK);
});

test('what became of a car is asked by the name that the platform gave it', async () => {
  const { vehicles, asked } = platform({ 'GET /operations/o': operation('succeeded') });
  expect(await vehicles.added(order({ operationRef: 'o' }), signal)).toEqual({
    is: 'succeeded',
    result: { platformRef: 'vp_new' },
  });
  expect(asked).toEqual(['GET /operations/o']);
});

test('a car that was not sent because a look before it failed is not taken for one that may have been added', async () => {
  const { vehicles, asked } = platform({ [LIST]: { status: 504, problem: 'upstream-timeout' } });
  expect(await vehicles.add(order({ told: true }), signal)).toMatchObject({ is: 'not-sent' });
  expect(asked).not.toContain(POST);
});

test('a car whose answer was lost is asked about before anything else', async () => {
  const { vehicles } = platform({ [POST]: { status: 500 } });
  expect(await vehicles.add(order(), signal)).toEqual(ASK);
});

test('a removal that came second to another is done', async () => {
  const gone = { body: { id: 'o', state: 'failed', problem: { type: 'https://errors.example/gone', status: 410 } } };
  const { vehicles } = platform({ [BY_KEY]: gone });
  expect(await vehicles.removed(order({ told: true }), signal)).toEqual({ is: 'succeeded' });
});

test.each<[string, number, boolean]>([
  ['plate-invalid', 422, true],
  ['state-conflict', 409, true],
  ['consent-required', 403, true],
  ['consent-withdrawn', 403, true],
  ['plate-banned', 451, true],
  ['insufficient-scope', 403, false],
  ['not-found', 404, false],
  ['gone', 410, false],
  ['version-not-supported', 400, false],
  ['idempotency-key-missing', 400, false],
  ['invalid-request', 400, false],
  ['payload-too-large', 413, false],
  ['precondition-required', 428, false],
])('a refusal called %s is about the plate or not, at once and later: %s', async (problem, status, isOfPlate) => {
  const refusal = { is: 'failed', code: 'REFUSED_BY_PLATFORM', ...(isOfPlate && { isOfPlate }) };
  expect(await platform({ [POST]: { status, problem } }).vehicles.add(order(), signal)).toEqual(refusal);
  const failed = {
    id: 'o',
    state: 'failed',
    result: null,
    problem: { type: `https://errors.example/${problem}`, status },
  };
  expect(await platform({ [BY_KEY]: { body: failed } }).vehicles.added(order(), signal)).toEqual(refusal);
});

test('a refusal that the platform did not give a name is nothing about the plate', async () => {
  expect(await platform({ [POST]: { status: 403 } }).vehicles.add(order(), signal)).toEqual({
    is: 'failed',
    code: 'REFUSED_BY_PLATFORM',
  });
});

test('a removal that nobody tells of is known from one of which there is no trace', async () => {
  const away = platform({ [BY_KEY]: { status: 503 } }).vehicles;
  expect(await away.removed(order(), signal)).toEqual({ ...REPEAT, isUnanswered: true });
  expect(await platform({}).vehicles.removed(order(), signal)).toEqual(REPEAT);
});
