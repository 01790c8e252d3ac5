import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, each, startCaller } from '../test/caller.ts';
import { addPermit, ended, open, openV1, SUBJECT } from '../test/requests.ts';

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
  await Promise.all([caller.v2('/sites'), caller.v1('/houses')]);
});
afterAll(() => caller.close());
beforeEach(() => caller.control('/reset', {}));

const discovered = async () => at((await caller.raw('/.well-known/smart-home-platform')).body, 'sites', 'overrides');
/** What the client gets to see: an answer, or the reason why it has none. */
const seen = (reply: Promise<unknown>) => reply.catch((error: { code?: string }) => ({ code: error.code }));
const SEEDED = [
  { siteId: 23, version: 'v1' },
  { siteId: 31, version: 'v2', resources: { meters: 'v1', events: 'v1' } },
];

test('a reset brings the seeded world back, and nothing of what was done', async () => {
  await ended(caller, await open(caller));
  await ended(caller, await addPermit(caller));
  await caller.v2(`/units/unit_7Qm2fD/subjects/${SUBJECT}`, { method: 'DELETE' });
  await caller.control('/version', { siteId: 17, version: 'v1' });
  await caller.control('/devices/ap_Jd5tG2', { connectivity: 'offline', jammed: true });
  await caller.control('/faults', { match: {}, kind: '503' });
  await caller.control('/quirks', { name: '200-text', on: true });
  await caller.control('/outage', { siteId: 31, on: true });
  await caller.control('/deprecate', { version: 'v1', at: caller.instant(-2), sunset: caller.instant(-1) });
  await caller.control('/profile', { profile: 'C' });
  await caller.control('/freeze', { ms: 60_000 });
  expect((await caller.control('/reset', {})).body).toEqual({ ok: true });
  expect((await caller.control('/ledger')).body).toEqual({ effects: [], counts: {} });
  expect((await caller.control('/requests')).body).toEqual({ requests: [] });
  expect((await caller.control('/events')).body).toEqual({ events: [] });
  expect(await discovered()).toEqual(SEEDED);
  expect((await open(caller)).status).toBe(202);
  expect((await openV1(caller)).status).toBe(204);
  expect(at((await caller.v2('/units/unit_7Qm2fD/vehicle-permits')).body, 'items')).toEqual([]);
  expect((await caller.v2('/access-points/ap_Jd5tG2')).body).toMatchObject({ connectivity: 'online' });
  expect((await caller.v2('/units/unit_2Ns6wV/access-points')).status).toBe(200);
});

test('a platform that is down without a word is silent, and answers again when it is back', async () => {
  const pending = seen(caller.v2('/sites'));
  await pending;
  await caller.control('/outage', { on: true });
  const waiting = seen(caller.v2('/sites'));
  const first = await Promise.race([waiting, caller.control('/ledger').then(() => 'silent')]);
  expect(first).toBe('silent');
  await caller.control('/outage', { on: false });
  expect(await waiting).toEqual({ code: expect.any(String) });
  expect((await caller.v2('/sites')).status).toBe(200);
});

test('a platform that refuses has no port, and has the same one again afterwards', async () => {
  await caller.control('/outage', { on: true, mode: 'refuse' });
  expect(await seen(caller.v2('/sites'))).toEqual({ code: 'ECONNREFUSED' });
  expect(await seen(caller.v1('/houses'))).toEqual({ code: 'ECONNREFUSED' });
  await caller.control('/outage', { on: false });
  expect((await caller.v2('/sites')).status).toBe(200);
  await caller.control('/outage', { on: true, mode: 'refuse' });
  await caller.control('/reset', {});
  expect((await caller.v2('/sites')).status).toBe(200);
});

test('one site that is down leaves the others alone', async () => {
  await caller.control('/outage', { siteId: 17, on: true, mode: 'refuse' });
  expect(await seen(open(caller))).toEqual({ code: expect.stringMatching(/^(ECONNRESET|UND_ERR_SOCKET)$/) });
  const both = '/access-points?ids=ap_Hn4xW1,ap_Xg5nD2';
  expect(await seen(caller.v2(both))).toEqual({ code: expect.any(String) });
  expect((await openV1(caller)).status).toBe(204);
  expect((await caller.v2('/health')).body).toMatchObject({ status: 'degraded' });
  await caller.control('/outage', { siteId: 17, on: true });
  const hanging = Promise.race([seen(open(caller)), caller.control('/ledger').then(() => 'silent')]);
  expect(await hanging).toBe('silent');
  await caller.control('/outage', { siteId: 17, on: false });
  expect((await caller.v2(both)).status).toBe(200);
  expect(await caller.counts()).toEqual({ 'open:ap_Qy2vA8': 1 });
});

test('what is being served for a site ends when the site goes down', async () => {
  await caller.control('/faults', { match: { path: '/open' }, kind: 'slow', ms: 60_000 });
  const key = randomUUID();
  const waiting = seen(open(caller, { key }));
  await caller.until(`/operations/by-key/${key}`, ({ status }) => status === 200);
  await caller.control('/outage', { siteId: 17, on: true });
  expect(await waiting).toEqual({ code: expect.any(String) });
});

test('a frozen platform answers nothing and then goes on, with what it was asked meanwhile', async () => {
  const before = caller.now().getTime();
  expect((await caller.control('/freeze', { ms: 300 })).body).toEqual({ ok: true });
  expect(caller.now().getTime() - before).toBeLessThan(300);
  const [known, fresh] = await Promise.all([caller.v2('/sites'), openV1(caller)]);
  expect([known.status, fresh.status]).toEqual([200, 204]);
  expect(caller.now().getTime() - before).toBeGreaterThanOrEqual(300);
});

test('a site changes its version, whole or by resource, and the next discovery says so', async () => {
  await caller.control('/version', { siteId: 17, resource: 'vehicles', version: 'v1' });
  expect(await discovered()).toEqual([{ siteId: 17, version: 'v2', resources: { vehicles: 'v1' } }, ...SEEDED]);
  expect((await addPermit(caller)).status).toBe(404);
  expect((await caller.v1('/flats/17012/cars')).status).toBe(200);
  expect((await open(caller)).status).toBe(202);
  await caller.control('/version', { siteId: 23, version: 'v2' });
  expect((await caller.v2('/units/unit_4Xc8jH/access-points')).status).toBe(200);
  expect((await openV1(caller)).status).toBe(404);
  const { body } = await caller.control('/events');
  expect((at(body, 'events') as unknown[]).slice(0, 1)).toMatchObject([
    { type: 'site.version_changed', siteId: 17, data: { siteId: 17, version: 'v2', resources: { vehicles: 'v1' } } },
  ]);
});

test('plates outlive a change of version', async () => {
  await ended(caller, await addPermit(caller));
  await caller.control('/version', { siteId: 17, version: 'v1' });
  expect(at((await caller.v1('/flats/17012/cars')).body, 'data', 'cars')).toBe('A123BC77');
});

test('what opens, is refused or changes is in the event log', async () => {
  await ended(caller, await open(caller));
  await caller.control('/devices/ap_Jd5tG2', { connectivity: 'offline' });
  const sent = { type: 'vehicle.recognised', siteId: 17, data: { accessPointId: 'ap_Zk8mL6' }, duplicate: 1 };
  const week = 2 * 7 * 6;
  expect((await caller.control('/events', sent)).body).toMatchObject({
    event: { sequence: week + 4, type: sent.type, data: { vehiclePermitId: null, confidence: null } },
  });
  expect(each(at((await caller.control('/events')).body, 'events'), 'type')).toEqual([
    'access_point.opened',
    'operation.updated',
    'access_point.offline',
    'vehicle.recognised',
  ]);
});

test('requests are kept as they came, with their secrets', async () => {
  await caller.v1('/flats/23007/cars', { method: 'PUT', body: { cars: 'A123BC77' } });
  const { body } = await caller.control('/requests');
  expect(at(body, 'requests')).toMatchObject([
    { method: 'PUT', path: '/api/v1/flats/23007/cars', apiVersion: 'v1', body: { cars: 'A123BC77' } },
  ]);
  expect(at(body, 'requests', 0, 'headers', 'x-api-key')).toBe('a-key-of-tests');
});

test.each([
  ['POST', '/nothing', {}, 404, /no such path/],
  ['GET', '/reset', undefined, 404, /no such path/],
  ['POST', '/faults', { match: {}, kind: 'meteor' }, 400, /^kind: /],
  ['POST', '/faults', { match: { paht: '/open' }, kind: '503' }, 400, /^match: .*paht/],
  ['POST', '/outage', {}, 400, /^on: /],
  ['POST', '/outage', { siteId: 99, on: true }, 404, /no site 99/],
  ['POST', '/devices/ap_Nobody1', {}, 404, /no device ap_Nobody1/],
  ['POST', '/quirks', { name: 'moody', on: true }, 400, /^name: /],
  ['POST', '/freeze', { ms: -1 }, 400, /^ms: /],
  ['POST', '/version', { siteId: 17, resource: 'doors', version: 'v1' }, 400, /^resource: /],
  [
    'POST',
    '/deprecate',
    { version: 'v1', at: '2027-01-01T00:00:00Z', sunset: '2026-01-01T00:00:00Z' },
    400,
    /^sunset: /,
  ],
  ['GET', '/requests?limit=many', undefined, 400, /^limit: /],
  ['POST', '/events', { type: 'door.slammed', siteId: 17 }, 400, /^type: /],
  ['POST', '/events', { type: 'vehicle.denied', siteId: 17, data: { plate: 'A***BC77' } }, 400, /accessPointId/],
  [
    'POST',
    '/events',
    { type: 'access_point.forced', siteId: 17, data: { accessPointId: 'ap_Xg5nD2' } },
    404,
    /at site 17/,
  ],
  ['POST', '/reset', '{"seed":', 400, /not JSON/],
])('%s %s with %j is refused in words', async (method, path, body, status, error) => {
  const reply = await caller.control(path, body, method);
  expect(reply).toMatchObject({ status, body: { error: expect.stringMatching(error) } });
});

test('the simulator’s own answers kept to the contract', () => {
  expect(caller.simulator.contractViolations().filter(({ side }) => side === 'answer')).toEqual([]);
});
