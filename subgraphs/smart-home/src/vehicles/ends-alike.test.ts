import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase } from '@house/kernel/database';
import { type Change, type Command, createOutboxStore, migrateOutbox, type Outcome } from '@house/kernel/outbox';
import { createTelemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { PlateOrder, PlateOutcome, PlatformVersion, Vehicles } from '../platform/platform.ts';
import { createDeliverAdd, createDeliverRemove } from './deliver-vehicle.ts';
import { createDeliverLater, createEndsAlike, LATER_KIND } from './ends-alike.ts';
import { createPlateWatch } from './plate-watch.ts';
import { createVehicleStore, type VehicleStore } from './store.ts';
import { createVerdicts } from './verdicts.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const PLATE = 'A123BC77';
const signal = new AbortController().signal;
const PERMIT = { premisesId: 'pr_1', complexId: 'cx_1', subject: 'me', comment: null, autoOpen: true };

let database: Database;
let vehicles: VehicleStore;
let now = NOW;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateOutbox(database);
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../migrations') });
  await database.query("INSERT INTO smart_home.complexes (id, site_id) VALUES ('cx_1', 17)");
  await database.query(
    "INSERT INTO smart_home.premises (id, complex_id, unit_id, flat_id) VALUES ('pr_1', 'cx_1', 'u', 1)",
  );
  vehicles = createVehicleStore({ database, vault: createVault({ rootKey: randomBytes(32), random: randomBytes }) });
});
afterAll(() => database.close());
beforeEach(async () => {
  now = NOW;
  await database.run(
    'DELETE FROM smart_home.plate_verdicts; DELETE FROM smart_home.vehicle_permits; DELETE FROM outbox.commands',
  );
  await vehicles.put(database, {
    ...{ ...PERMIT, id: 've_1', plate: { country: 'RU', canonical: PLATE }, accessPointIds: [], operationId: 'op_1' },
    ...{ validFrom: NOW, validUntil: null, createdAt: NOW },
  });
});

const command = (over: Partial<Command> = {}): Command => ({
  ...{ id: 'op_1', kind: 'VEHICLE_ADD', class: 'write', orderKey: 'plates|pr_1' },
  ...{ body: { subject: 'me', permitId: 've_1' }, createdAt: NOW, notAfter: later(NOW, 24 * HOUR_MS) },
  ...{ phase: 'send', attempts: 1, uncertain: false, sentAt: NOW, leaseToken: 1 },
  ...over,
});

const REFUSED: PlateOutcome = { is: 'failed', code: 'REFUSED_BY_PLATFORM', isOfPlate: true };
type Says = {
  version?: PlatformVersion;
  answer: PlateOutcome;
  told: PlateOutcome;
  /** While it answers, the site goes over to the other version. */
  moves?: boolean;
};

/** A house whose platform says that of every plate. */
const start = ({ version = 'v2', answer, told, moves = false }: Says) => {
  const asked: string[] = [];
  const lines: string[] = [];
  const say = (what: string, outcome: PlateOutcome) => async (_: PlateOrder) => {
    asked.push(what);
    if (moves) served = { ...translator, version: 'v1' };
    return outcome;
  };
  const translator = {
    version,
    add: say('add', answer),
    added: say('added', told),
    remove: say('remove', answer),
    removed: say('removed', told),
  } satisfies Vehicles;
  const telemetry = createTelemetry({
    service: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  const outbox = createOutboxStore({ database, record: async () => undefined });
  const clock = () => now;
  let served: Vehicles = translator;
  const platform = { vehicles: async () => served };
  const deps = {
    ...{ platform, vehicles, outbox, database, clock },
    bindings: { premises: async () => [{ id: 'pr_1', siteId: 17, unit: {} }] },
    directory: { known: async () => [] },
    operations: {
      ...{ platformVersionOf: async () => version, platformRefOf: async () => null },
      ...{ setPlatformVersion: async () => undefined, setPlatformRef: async () => undefined },
    },
    endsAlike: createEndsAlike({
      ...{ database, vehicles, outbox, clock, platform },
      verdicts: createVerdicts({ database }),
      plateWatch: createPlateWatch(telemetry),
    }),
  } as unknown as Parameters<typeof createDeliverAdd>[0];
  const handlers = { VEHICLE_ADD: createDeliverAdd(deps), VEHICLE_REMOVE: createDeliverRemove(deps) };
  /** What the relay learns of one command until it has ended. */
  const deliver = async (over: Partial<Command> = {}): Promise<string[]> => {
    const one = command(over);
    const handler = handlers[one.kind as keyof typeof handlers];
    const heard: string[] = [];
    for (let phase: Command['phase'] = 'send'; heard.length < 5; phase = 'confirm') {
      if (phase === 'confirm' && now < later(NOW, SECOND_MS)) now = later(NOW, SECOND_MS);
      const outcome =
        phase === 'send' ? await handler.send(one, signal) : await handler.confirm({ ...one, phase }, signal);
      heard.push('code' in outcome ? `${outcome.is} ${outcome.code}` : outcome.is);
      if (outcome.is !== 'pending') break;
    }
    return heard;
  };
  return {
    ...{ deliver, handlers, translator, asked, lines, telemetry },
    later: createDeliverLater({ database, outbox, vehicles, clock }),
  };
};
const refusals = () =>
  database.query("SELECT operation_id, permit_id FROM smart_home.plate_verdicts WHERE verdict = 'REFUSED'");

const PENDING: Outcome = { is: 'pending', ref: 'po_1' };
const NO_TRACE: Outcome = { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true };
const TAKEN: Outcome = { is: 'succeeded', result: { platformRef: 'vp_1' } };

test.each<[string, Says, Partial<Command>]>([
  ['new', { answer: PENDING, told: TAKEN }, {}],
  ['known to it from the same person', { answer: TAKEN, told: NO_TRACE }, {}],
  ['refused at once', { answer: REFUSED, told: NO_TRACE }, {}],
  ['refused after it was taken', { answer: PENDING, told: REFUSED }, {}],
  [
    'beyond its budget',
    { answer: PENDING, told: NO_TRACE },
    { body: { subject: 'me', permitId: 've_1', keptUntil: later(NOW, HOUR_MS).toISOString() } },
  ],
  [
    'beyond its budget, at a platform that keeps no keys',
    { answer: PENDING, told: { is: 'ambiguous', next: 'repeat' } },
    { body: { subject: 'me', permitId: 've_1', keptUntil: later(NOW, HOUR_MS).toISOString() } },
  ],
])('of the second version a plate ends in the same way and at the same step: %s', async (_, says, over) => {
  expect(await start(says).deliver(over)).toEqual(['pending', 'succeeded']);
});

test.each<[string, Says, Partial<Command>]>([
  ['new or known', { version: 'v1', answer: { is: 'succeeded' }, told: { is: 'succeeded' } }, {}],
  ['refused', { version: 'v1', answer: REFUSED, told: NO_TRACE }, {}],
  [
    'beyond its budget',
    { version: 'v1', answer: { is: 'succeeded' }, told: NO_TRACE },
    { body: { subject: 'me', permitId: 've_1', keptUntil: later(NOW, HOUR_MS).toISOString() } },
  ],
])('of the first version a plate ends in the same way and at the same step: %s', async (_, says, over) => {
  expect(await start(says).deliver(over)).toEqual(['succeeded']);
});

test('a plate ends in the same way when it is asked for again, taken or refused', async () => {
  for (const says of [
    { answer: TAKEN, told: NO_TRACE },
    { answer: REFUSED, told: NO_TRACE },
  ]) {
    const house = start(says);
    await house.deliver({ id: `op_first_${says.answer.is}` });
    expect(await house.deliver({ id: `op_again_${says.answer.is}` })).toEqual(['pending', 'succeeded']);
  }
});

test('taking it off ends in the same way whether the platform had it or not', async () => {
  for (const [id, says] of Object.entries({
    op_had: { answer: PENDING, told: { is: 'succeeded' } },
    op_never: { answer: { is: 'succeeded' }, told: { is: 'ambiguous', next: 'repeat' } },
  } satisfies Record<string, Says>))
    expect(await start(says).deliver({ id, kind: 'VEHICLE_REMOVE' })).toEqual(['pending', 'succeeded']);
  // What safety demands is done when it is done.
  const says: Says = { answer: { is: 'succeeded' }, told: NO_TRACE };
  expect(await start(says).deliver({ id: 'op_safety', kind: 'VEHICLE_REMOVE', class: 'safety' })).toEqual([
    'succeeded',
  ]);
});

test('what says nothing of the plate is told: terms that cannot be kept, and a platform that is away', async () => {
  const says = (answer: Outcome): Says => ({ answer, told: NO_TRACE });
  expect(await start(says({ is: 'failed', code: 'CAPABILITY_MISSING' })).deliver()).toEqual([
    'failed CAPABILITY_MISSING',
  ]);
  expect(await start(says({ is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' })).deliver()).toEqual([
    'not-sent PLATFORM_UNAVAILABLE',
  ]);
  expect(await refusals()).toEqual([]);
});

test('a version that does not serve the site any more has not refused the plate', async () => {
  const house = start({ answer: REFUSED, told: NO_TRACE, moves: true });
  expect(await house.deliver()).toEqual(['not-taken PLATFORM_UNAVAILABLE']);
  expect(await refusals()).toEqual([]);
});

test('a refusal waits for the administration with its operation, in row, log and metric, without the plate', async () => {
  const { deliver, lines, telemetry } = start({ answer: REFUSED, told: NO_TRACE });
  await deliver();
  expect(await refusals()).toEqual([{ operation_id: 'op_1', permit_id: 've_1' }]);
  expect(lines.join('')).toContain('plate-refused');
  const metrics = await telemetry.registry.metrics();
  expect(metrics).toContain('plates_refused_total{site="17"} 1');
  expect(lines.join('') + metrics).not.toContain(PLATE);
  // The platform does not have it: a list of the first version will not be searched for it.
  expect((await vehicles.byIds(['ve_1']))[0]?.toldAt).toBeNull();
});

test('a plate beyond its budget is not sent, and takes its place in the order of the unit when its time has come', async () => {
  const house = start({ answer: PENDING, told: NO_TRACE });
  const keptUntil = later(NOW, HOUR_MS);
  await house.deliver({ body: { subject: 'me', permitId: 've_1', keptUntil: keptUntil.toISOString() } });
  expect(house.asked).not.toContain('add');
  const kept = async () => database.query('SELECT id, kind, order_key, body FROM outbox.commands ORDER BY seq');
  const [waiting] = (await kept()) as { id: string; kind: string; order_key: string | null; body: Command['body'] }[];
  expect(waiting).toMatchObject({ id: 'op_1.later', kind: LATER_KIND, order_key: null });
  const one = command({ id: 'op_1.later', kind: LATER_KIND, body: waiting?.body ?? {} });
  expect(await house.later.send(one, signal)).toMatchObject({ is: 'not-sent', retryAfterMs: HOUR_MS - SECOND_MS });
  now = keptUntil;
  expect(await house.later.send(one, signal)).toEqual({ is: 'succeeded' });
  // Ended by a worker that died before it could say so.
  expect(await house.later.send(one, signal)).toEqual({ is: 'succeeded' });
  expect((await kept()).slice(1)).toEqual([
    expect.objectContaining({
      kind: 'VEHICLE_ADD',
      order_key: 'plates|pr_1',
      body: { subject: 'me', permitId: 've_1', operationId: 'op_1' },
    }),
  ]);
});

test('a plate beyond its budget ends no sooner than others while nobody answers at the platform', async () => {
  const house = start({ answer: PENDING, told: { is: 'ambiguous', next: 'ask' } });
  const body = { subject: 'me', permitId: 've_1', keptUntil: later(NOW, HOUR_MS).toISOString() };
  expect(await house.deliver({ body })).toEqual(['ambiguous']);
});

test('what is known is forgotten when it has been told, but for what the administration has to see', async () => {
  const verdicts = createVerdicts({ database });
  for (const is of ['TAKEN', 'LATER', 'REFUSED'] as const)
    await verdicts.put(database, { is, platformRef: null, operationId: `op_${is}`, permitId: 've_1', at: NOW });
  for (const is of ['TAKEN', 'LATER', 'REFUSED']) await verdicts.ended(database, `op_${is}`);
  expect(await database.query('SELECT operation_id FROM smart_home.plate_verdicts')).toEqual([
    { operation_id: 'op_REFUSED' },
  ]);
});

const permit = async () => (await vehicles.byIds(['ve_1']))[0];
const keptUntil = (until: Date) => ({ subject: 'me', permitId: 've_1', keptUntil: until.toISOString() });
const change = (state: Change['state'], over: Partial<Command> = {}, at = now): Change => ({
  ...{ command: command(over), state, code: state === 'FAILED' ? 'NOT_DELIVERED' : null, at },
});

test('what the platform refuses for another reason than the plate is told, and is no refusal of the plate', async () => {
  const other: PlateOutcome = { is: 'failed', code: 'REFUSED_BY_PLATFORM' };
  expect(await start({ answer: other, told: NO_TRACE }).deliver()).toEqual(['failed REFUSED_BY_PLATFORM']);
  expect(await start({ answer: PENDING, told: other }).deliver()).toEqual(['pending', 'failed REFUSED_BY_PLATFORM']);
  expect(await refusals()).toEqual([]);
});

test('new terms that the platform refuses to a plate that it has from its person are not told as applied', async () => {
  await vehicles.setPlatformRef(database, 've_1', 'vp_1');
  expect(await start({ answer: REFUSED, told: NO_TRACE }).deliver()).toEqual(['failed REFUSED_BY_PLATFORM']);
  expect(await start({ answer: PENDING, told: REFUSED }).deliver()).toEqual(['pending', 'failed REFUSED_BY_PLATFORM']);
  // Taken at once, and refused by what came of it.
  expect(await start({ answer: TAKEN, told: REFUSED }).deliver()).toEqual(['pending', 'failed REFUSED_BY_PLATFORM']);
});

test('an addition that was kept and is replayed when its time is over goes out like any other', async () => {
  const house = start({ answer: PENDING, told: TAKEN });
  const replayed = { body: keptUntil(later(NOW, -HOUR_MS)), attempts: 3, uncertain: true };
  expect(await house.deliver(replayed)).toEqual(['pending', 'succeeded']);
  expect(house.asked).toEqual(['add', 'added']);
});

test('the platform is held to have a plate from when it was handed over, and not while it is kept or was refused', async () => {
  const { handlers, deliver } = start({ answer: REFUSED, told: NO_TRACE });
  const record = (...told: Parameters<typeof change>) => handlers.VEHICLE_ADD.onChange(database, change(...told));
  await record('SENT', { body: keptUntil(later(NOW, HOUR_MS)) });
  expect((await permit())?.toldAt).toBeNull();
  await record('SENT');
  expect((await permit())?.toldAt).toEqual(NOW);
  await deliver();
  // As it goes on.
  await record('SENT', {}, later(NOW, SECOND_MS));
  expect((await permit())?.toldAt).toBeNull();
});

test('a refusal does not make forgotten that the platform has the plate from an earlier command', async () => {
  await vehicles.tell(database, 've_1', later(NOW, -HOUR_MS));
  await start({ answer: REFUSED, told: NO_TRACE }).deliver();
  expect((await permit())?.toldAt).toEqual(later(NOW, -HOUR_MS));
});

test('of an addition that goes out later the list shows that it never will, and otherwise nothing', async () => {
  const house = start({ answer: PENDING, told: TAKEN });
  const due = { id: 'op_1.later.due', body: { subject: 'me', permitId: 've_1', operationId: 'op_1' } };
  const waiting = { id: 'op_1.later', body: { ...due.body, premisesId: 'pr_1', keptUntil: NOW.toISOString() } };
  const record = (...told: Parameters<typeof change>) => house.handlers.VEHICLE_ADD.onChange(database, change(...told));
  const list = async () => [(await permit())?.provisioning, (await permit())?.provisioningSince];
  await record('SUCCEEDED');
  now = later(NOW, HOUR_MS);
  for (const state of ['SENT', 'SUCCEEDED'] as const) await record(state, due);
  expect(await list()).toEqual(['APPLIED', NOW]);
  await record('FAILED', due);
  expect(await list()).toEqual(['FAILED', now]);
  // Replayed.
  await record('SUCCEEDED', due);
  expect(await list()).toEqual(['APPLIED', now]);
  await house.later.onChange(database, change('CANCELLED', waiting));
  expect(await list()).toEqual(['FAILED', now]);
});

test('nothing of the second version ends within a second, and nothing that safety demands waits for it', async () => {
  const house = start({ answer: PENDING, told: TAKEN });
  const confirm = (over: Partial<Command>) =>
    house.handlers.VEHICLE_REMOVE.confirm(command({ kind: 'VEHICLE_REMOVE', phase: 'confirm', ...over }), signal);
  now = later(NOW, 400);
  const early = { is: 'ambiguous', next: 'ask', retryAfterMs: SECOND_MS - 400 };
  expect(await house.handlers.VEHICLE_ADD.confirm(command({ phase: 'confirm' }), signal)).toEqual(early);
  expect(await confirm({})).toEqual(early);
  expect(house.asked).toEqual([]);
  expect(await confirm({ class: 'safety' })).toMatchObject({ is: 'succeeded' });
  // A clock that was set back.
  expect(await confirm({ sentAt: later(NOW, HOUR_MS) })).toMatchObject({ is: 'succeeded' });
});

test('a removal of what the platform does not have waits for the platform too', async () => {
  const away: PlateOutcome = { is: 'ambiguous', next: 'ask' };
  const remove = (says: { added: PlateOutcome; removed: PlateOutcome }) => {
    const house = start({ answer: { is: 'succeeded' }, told: says.added });
    house.translator.removed = async () => says.removed;
    return house;
  };
  const removal = { kind: 'VEHICLE_REMOVE' };
  const unanswered: PlateOutcome = { is: 'ambiguous', next: 'repeat', isUnanswered: true };
  expect(await remove({ added: away, removed: unanswered }).deliver(removal)).toEqual([
    'not-sent PLATFORM_UNAVAILABLE',
  ]);
  expect(await remove({ added: NO_TRACE, removed: unanswered }).deliver(removal)).toEqual(['pending', 'ambiguous']);
  expect(await remove({ added: away, removed: unanswered }).deliver({ ...removal, class: 'safety' })).toEqual([
    'succeeded',
  ]);
});

test('what the platform took from a later attempt goes before what was known of an earlier one', async () => {
  const { deliver, handlers } = start({ answer: REFUSED, told: NO_TRACE });
  await deliver();
  const replayed = start({ answer: TAKEN, told: NO_TRACE });
  await replayed.handlers.VEHICLE_ADD.send(command({ attempts: 2 }), signal);
  expect(await handlers.VEHICLE_ADD.confirm(command({ phase: 'confirm', attempts: 2 }), signal)).toEqual(TAKEN);
  expect(await refusals()).toEqual([]);
});

test('an attempt that the platform works on is waited for, whatever was known of an earlier one', async () => {
  await start({ answer: REFUSED, told: NO_TRACE }).deliver();
  const { handlers } = start({ answer: PENDING, told: PENDING });
  expect(await handlers.VEHICLE_ADD.confirm(command({ phase: 'confirm', attempts: 2 }), signal)).toEqual(PENDING);
});
