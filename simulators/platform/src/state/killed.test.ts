import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type Apart, createApart } from '../test/apart.ts';
import { at, each, type RemoteCaller, textAt } from '../test/caller.ts';
import { addPermit, ENTRANCE, ended, open, SUBJECT, UNIT } from '../test/requests.ts';

/** Each test starts several processes, perhaps while others use the machine. */
jest.setTimeout(90_000);

let apart: Apart;
beforeEach(() => {
  apart = createApart();
});
afterEach(() => apart.stop());

const MOSCOW_MS = 3 * 60 * 60 * 1000;
const today = () => new Date(Date.now() + MOSCOW_MS).toISOString().slice(0, 10);
const ENDED = new Set(['succeeded', 'failed', 'expired', 'cancelled']);
const ledgerOf = async (caller: RemoteCaller) => (await caller.control('/ledger')).body;
const killAndStart = async (variables?: Record<string, string>) => {
  await apart.kill();
  return apart.start(variables);
};
const openCars = (caller: RemoteCaller) =>
  caller.v1('/domophones/2301/open', { method: 'POST', body: { doorId: 0, flatId: 23007 } });
/** One opening, to be sent to the letter as often as one likes. */
const opening = (deadline: Date) => {
  const headers = { 'idempotency-key': randomUUID(), 'expires-at': deadline.toISOString() };
  const body = { subjectRef: SUBJECT, unitId: UNIT, reason: 'app', deadline: headers['expires-at'] };
  return {
    key: headers['idempotency-key'],
    send: (caller: RemoteCaller) => caller.v2(`/access-points/${ENTRANCE}/open`, { method: 'POST', headers, body }),
  };
};
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);
const endedByKey = (caller: RemoteCaller, key: string) =>
  caller.until(`/operations/by-key/${key}`, ({ body, status }) => status === 404 || ENDED.has(textAt(body, 'state')));

test('a platform that is killed remembers what it did, for whom, and under which key', async () => {
  const before = await apart.start();
  const request = opening(inSeconds(30));
  const done = await ended(before, await request.send(before));
  expect((await openCars(before)).status).toBe(204);
  const added = await ended(before, await addPermit(before));
  await before.v1('/flats/23007/cars', { method: 'PUT', body: { cars: 'A123BC77\nм 404 мм 77' } });
  await before.v2(`/units/unit_9Rt5kB/subjects/${SUBJECT}`, { method: 'DELETE' });
  await before.control('/profile', { siteId: 31, profile: 'C' });
  await before.control('/version', { siteId: 17, resource: 'meters', version: 'v1' });
  await before.control('/faults', { match: { path: '/limits' }, kind: '503' });
  const journal = (await before.v1(`/flats/23007/events?day=${today()}`)).body;
  const events = (await before.v2('/events?limit=100')).body;
  const permits = (await before.v2(`/units/${UNIT}/vehicle-permits`)).body;
  const ledger = await ledgerOf(before);
  const discovered = (await before.raw('/.well-known/smart-home-platform')).body;
  expect(each(at(ledger, 'effects'), 'kind')).toEqual(['open', 'open', 'plate.add', 'plate.add', 'plate.add']);

  const reborn = await killAndStart();
  expect(await ledgerOf(reborn)).toEqual(ledger);
  expect(await reborn.v2(`/operations/by-key/${request.key}`)).toMatchObject({ status: 200, body: done.body });
  expect(await request.send(reborn)).toMatchObject({ status: 202, body: { id: at(done.body, 'id') } });
  expect((await reborn.v1(`/flats/23007/events?day=${today()}`)).body).toEqual(journal);
  expect((await reborn.v2('/events?limit=100')).body).toEqual(events);
  expect((await reborn.v2(`/units/${UNIT}/vehicle-permits`)).body).toEqual(permits);
  expect(at((await reborn.v1('/flats/23007/cars')).body, 'data', 'cars')).toBe('A123BC77\nм 404 мм 77');
  const neighbour = { unitId: 'unit_9Rt5kB', accessPointId: 'ap_Cf3qN7' };
  expect(await open(reborn, neighbour)).toMatchObject({ status: 403, body: { code: 'consent-withdrawn' } });
  expect((await reborn.raw('/.well-known/smart-home-platform')).body).toEqual(discovered);
  expect((await reborn.v2('/limits')).status).toBe(503);
  const home = { unitId: 'unit_2Ns6wV', accessPointId: 'ap_Xg5nD2', deadlineMs: -1, key: request.key };
  expect((await ended(reborn, await open(reborn, home))).body).toMatchObject({ state: 'succeeded' });

  // What goes on after it goes on from there.
  const path = `/vehicle-permits/${textAt(added.body, 'result', 'vehiclePermitId')}`;
  const etag = String((await reborn.v2(path)).headers.etag);
  const removal = { method: 'DELETE', headers: { 'idempotency-key': randomUUID(), 'if-match': etag } };
  await ended(reborn, await reborn.v2(path, removal));
  const third = await killAndStart();
  expect((await third.v2(path)).status).toBe(410);
  expect(each(at(await ledgerOf(third), 'effects'), 'sequence')).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('killed at any moment: every key that was promised ends once, and its opening is in the ledger or never was', async () => {
  const fast = { SIM_DEVICE_LATENCY_MS: '15', SIM_VALIDATE: 'off' };
  let caller = await apart.start(fast);
  const requests: ReturnType<typeof opening>[] = [];
  for (const enough of [3, 20, 37]) {
    const current = caller;
    let done = 0;
    /** Resident after resident at six phones, until nobody answers. */
    const phone = async (reached: () => void): Promise<void> => {
      for (;;) {
        const request = opening(inSeconds(60));
        requests.push(request);
        const accepted = await request.send(current);
        done += 1;
        if (done === enough) reached();
        await ended(current, accepted);
      }
    };
    const phones: Promise<unknown>[] = [];
    await new Promise<void>((reached) => {
      for (let index = 0; index < 6; index += 1) phones.push(phone(reached).catch(() => undefined));
    });
    await apart.kill();
    await Promise.all(phones);
    caller = await apart.start(fast);
  }
  const states = new Map<string, string>();
  for (const { key } of requests) states.set(key, textAt((await endedByKey(caller, key)).body, 'state'));
  const opened = async () => each(at(await ledgerOf(caller), 'effects'), 'idempotencyKey').map(String);
  const once = await opened();
  expect(once.length).toBeGreaterThanOrEqual(60);
  expect(new Set(once).size).toBe(once.length);
  expect(new Set(once)).toEqual(new Set([...states].flatMap(([key, state]) => (state === 'succeeded' ? key : []))));
  // A repeat is a repeat, and a request that was never heard of is carried out now.
  for (const { send, key } of requests) {
    expect((await send(caller)).status).toBe(202);
    await endedByKey(caller, key);
  }
  expect((await opened()).toSorted()).toEqual(requests.map(({ key }) => key).toSorted());
});
