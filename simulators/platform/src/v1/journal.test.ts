import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, each, startCaller } from '../test/caller.ts';
import { addPermit, ended, open, openV1 } from '../test/requests.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** Neither zone knows summer time. */
const MOSCOW_MS = 3 * HOUR_MS;
const YEKATERINBURG_MS = 5 * HOUR_MS;

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());

/** As a clock on the house's wall shows it. */
const wall = (shift: number, at = caller.now()): string =>
  new Date(at.getTime() + shift).toISOString().slice(0, 19).replace('T', ' ');
const dayOf = (shift: number, daysAgo = 0): string =>
  wall(shift, new Date(caller.now().getTime() - daysAgo * DAY_MS)).slice(0, 10);
const eventsOf = async (flatId: number, day: string, more = ''): Promise<readonly unknown[]> =>
  (at((await caller.v1(`/flats/${flatId}/events?day=${day}${more}`)).body, 'data') ?? []) as readonly unknown[];
const quirk = (name: string, on = true) => caller.control('/quirks', { name, on });
const moveTo = async (utc: string): Promise<void> => {
  const now = caller.now();
  const wanted = new Date(`${now.toISOString().slice(0, 10)}T${utc}Z`).getTime();
  caller.moveClock(wanted - now.getTime() + (wanted < now.getTime() ? DAY_MS : 0));
  await Promise.all([caller.signInV1(), caller.signInV2()]);
  await caller.control('/reset', {});
};
beforeEach(() => moveTo('12:00:00'));

test('an opening by the app is in the journal of its flat, with its door and to the second', async () => {
  const before = wall(MOSCOW_MS);
  expect((await openV1(caller)).status).toBe(204);
  const after = wall(MOSCOW_MS);
  const events = await eventsOf(23007, dayOf(MOSCOW_MS));
  expect(events).toEqual([
    {
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      date: expect.stringMatching(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/),
      event: 4,
      domophoneId: 2301,
      doorId: 0,
      preview: 't',
    },
  ]);
  const date = String(at(events, 0, 'date'));
  expect(date >= before && date <= after).toBe(true);
});

test('an opening that did not happen is not in it', async () => {
  await caller.control('/devices/ap_Qy2vA8', { jammed: true });
  expect((await openV1(caller)).status).toBe(404);
  expect(await eventsOf(23007, dayOf(MOSCOW_MS))).toEqual([]);
});

test('days are those of the house: after its midnight an opening is of the next day', async () => {
  await moveTo('21:30:00');
  const yesterday = dayOf(MOSCOW_MS, 1);
  const seeded = await eventsOf(23007, yesterday);
  await openV1(caller);
  expect(await eventsOf(23007, dayOf(MOSCOW_MS))).toHaveLength(1);
  expect(await eventsOf(23007, yesterday)).toEqual(seeded);
  expect(caller.now().toISOString().slice(0, 10)).toBe(yesterday);
});

test('a house that mixes versions tells by v1 what was opened by v2, in its own zone', async () => {
  const home = { accessPointId: 'ap_Lc8wR7', unitId: 'unit_2Ns6wV' };
  await ended(caller, await open(caller, home));
  expect(await eventsOf(31001, dayOf(YEKATERINBURG_MS))).toEqual([
    {
      uuid: expect.any(String),
      date: expect.stringContaining(`${dayOf(YEKATERINBURG_MS)} 17:`),
      event: 4,
      domophoneId: 3102,
      doorId: 0,
      preview: 'f',
    },
  ]);
});

test('the seeded week reads the same at every start, and in an order that is not that of time', async () => {
  const days = Array.from({ length: 7 }, (_, index) => dayOf(MOSCOW_MS, index + 1));
  const week = async () => Promise.all(days.map((day) => eventsOf(23007, day)));
  const first = await week();
  await caller.control('/reset', { seed: 5 });
  expect(await week()).toEqual(first);
  for (const events of first) expect(each(events, 'event').toSorted()).toEqual([1, 3, 4, 4, 6, 9]);
  const dates = first.map((events) => each(events, 'date'));
  expect(dates).not.toEqual(dates.map((day) => day.toSorted()));
  expect(await eventsOf(23007, dayOf(MOSCOW_MS, 8))).toEqual([]);
  expect(first.flat()).not.toEqual(await Promise.all(days.map((day) => eventsOf(31001, day))));
});

test('days that have events are counted, newest first, and may be walked in pages', async () => {
  await openV1(caller);
  const days = (await caller.v1('/flats/23007/events/days')).body;
  expect(at(days, 'data')).toEqual(
    Array.from({ length: 8 }, (_, index) => ({ day: dayOf(MOSCOW_MS, index), events: index === 0 ? '1' : '6' })),
  );
  const short = await caller.v1('/flats/23007/events/days?page=2&per=5');
  expect(each(at(short.body, 'data'), 'day')).toEqual([5, 6, 7].map((index) => dayOf(MOSCOW_MS, index)));
  const pages = [await eventsOf(23007, dayOf(MOSCOW_MS, 1), '&page=1&per=4')];
  pages.push(await eventsOf(23007, dayOf(MOSCOW_MS, 1), '&page=2&per=4'));
  expect(pages.flat()).toEqual(await eventsOf(23007, dayOf(MOSCOW_MS, 1)));
});

test('quirk: some events are told twice', async () => {
  await openV1(caller);
  await quirk('duplicate-events');
  const told = await eventsOf(23007, dayOf(MOSCOW_MS));
  expect(told).toHaveLength(2);
  expect(told[0]).toEqual(told[1]);
  expect(at((await caller.v1('/flats/23007/events/days')).body, 'data', 0, 'events')).toBe('1');
});

test('quirk: a day without events is 404', async () => {
  expect((await caller.v1('/flats/23007/events?day=2020-02-29')).body).toEqual({
    code: 200,
    name: 'ok',
    message: 'Хорошо',
  });
  await quirk('404-as-empty');
  expect((await caller.v1('/flats/23007/events?day=2020-02-29')).status).toBe(404);
});

test('quirk: numbers of events are strings', async () => {
  await openV1(caller);
  await quirk('integers-as-strings');
  expect(await eventsOf(23007, dayOf(MOSCOW_MS))).toMatchObject([{ event: '4', domophoneId: '2301', doorId: '0' }]);
});

test('a picture is there at once, or after five seconds by the quirk, and never where no camera looks', async () => {
  await openV1(caller);
  const uuid = String(at(await eventsOf(23007, dayOf(MOSCOW_MS)), 0, 'uuid'));
  const picture = (id: string) => caller.v1(`/events/${id}/image`);
  expect(await picture(uuid)).toMatchObject({ status: 200, headers: { 'content-type': 'image/jpeg' } });
  await quirk('image-not-ready');
  expect((await picture(uuid)).status).toBe(404);
  caller.moveClock(5_000);
  expect((await picture(uuid)).status).toBe(200);
  expect((await picture('6d0b6c1e-3f0a-4b7e-9a53-2f6c8e1d7b40')).status).toBe(404);
  await ended(caller, await open(caller, { accessPointId: 'ap_Lc8wR7', unitId: 'unit_2Ns6wV' }));
  const [gate] = await eventsOf(31001, dayOf(YEKATERINBURG_MS));
  expect((await picture(String(at(gate, 'uuid')))).status).toBe(404);
  const old = at(await eventsOf(23007, dayOf(MOSCOW_MS, 2)), 0, 'uuid');
  expect((await picture(String(old))).status).toBe(200);
});

test('what a visitor causes is told in v1’s numbers', async () => {
  await caller.control('/units/unit_4Xc8jH/plates', { plates: ['M404MM77'] }, 'PUT');
  const opened = (accessPointId: string, performedVia: string) =>
    caller.control('/events', {
      type: 'access_point.opened',
      siteId: 23,
      data: { accessPointId, unitId: 'unit_4Xc8jH', performedVia },
    });
  for (const via of ['rfid', 'face', 'pin', 'plate', 'concierge']) await opened('ap_Qy2vA8', via);
  await opened('ap_Mr9bS3', 'call');
  const call = {
    id: 'call_Ab12Cd34',
    unitId: 'unit_4Xc8jH',
    accessPointId: 'ap_Qy2vA8',
    startedAt: caller.instant(-30_000),
    expiresAt: caller.instant(0),
  };
  await caller.control('/events', { type: 'call.answered', siteId: 23, data: { ...call, state: 'answered' } });
  await caller.control('/events', { type: 'call.ended', siteId: 23, data: { ...call, state: 'ended' } });
  await caller.control('/events', { type: 'call.ended', siteId: 23, data: { ...call, state: 'expired' } });
  const events = await eventsOf(23007, dayOf(MOSCOW_MS));
  expect(each(events, 'event').toSorted()).toEqual([1, 2, 3, 5, 6, 7, 9]);
});

test('a house whose journal is on v2, and a flat that does not exist, have none here', async () => {
  await addPermit(caller);
  for (const flat of [17012, 99999]) {
    expect((await caller.v1(`/flats/${flat}/events?day=2026-01-01`)).status).toBe(404);
    expect((await caller.v1(`/flats/${flat}/events/days`)).status).toBe(404);
  }
});

test('neither side has broken the contract, but for a day that is none', async () => {
  expect(caller.simulator.contractViolations()).toEqual([]);
  for (const query of ['', '?day=yesterday', '?day=2026-13-01'])
    expect((await caller.v1(`/flats/23007/events${query}`)).status).toBe(400);
});
