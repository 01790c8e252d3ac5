import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, startCaller, V1 } from '../test/caller.ts';
import { openV1 } from '../test/requests.ts';

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());
beforeEach(() => caller.control('/reset', {}));

const quirk = (name: string, on = true) => caller.control('/quirks', { name, on });
const put = (cars: string) => caller.v1('/flats/23007/cars', { method: 'PUT', body: { cars } });

test('a new token ends the old one', async () => {
  const first = await caller.signInV1();
  const second = await caller.signInV1();
  const houses = (token: string) => caller.v1('/houses', { headers: { authorization: `Bearer ${token}` } });
  expect(await houses(first)).toMatchObject({ status: 401, body: { code: 401, name: 'unauthorized' } });
  expect((await houses(second)).status).toBe(200);
  caller.moveClock(24 * 60 * 60 * 1000 + 1);
  expect((await houses(second)).status).toBe(401);
  await caller.signInV1();
});

test('a call without the key, and a wrong secret, are refused', async () => {
  expect((await caller.v1('/houses', { headers: { 'x-api-key': 'another' } })).status).toBe(401);
  const body = { clientId: V1.clientId, clientSecret: 'wrong' };
  const call = { method: 'POST', headers: { 'x-api-key': V1.apiKey }, body };
  expect((await caller.raw('/api/v1/auth/token', call)).status).toBe(401);
});

test('whatever goes wrong with a door is 404, and nothing opens', async () => {
  const door = (id: number, doorId: number, flatId: number) =>
    caller.v1(`/domophones/${id}/open`, { method: 'POST', body: { doorId, flatId } });
  expect((await door(9999, 0, 23007)).status).toBe(404);
  expect((await door(2301, 7, 23007)).status).toBe(404);
  expect((await door(2301, 0, 17012)).status).toBe(404);
  expect((await door(1701, 0, 17012)).status).toBe(404);
  await caller.control('/devices/ap_Qy2vA8', { connectivity: 'offline' });
  expect((await openV1(caller)).status).toBe(404);
  await caller.control('/devices/ap_Qy2vA8', { connectivity: 'online', jammed: true });
  expect(await openV1(caller)).toMatchObject({ status: 404, body: { code: 404, name: 'notFound' } });
  expect(await caller.counts()).toEqual({});
});

test('a house that speaks v2 is not there, one that mixes is', async () => {
  expect((await caller.v1('/flats/17012')).status).toBe(404);
  expect((await caller.v1('/houses/17/doors')).status).toBe(404);
  expect((await caller.v1('/houses/31/doors')).status).toBe(404);
  expect(at((await caller.v1('/flats/31001')).body, 'data')).toMatchObject({ externalRef: 'xr_h7Js4xPf', doors: [] });
});

test('lines of the cars that others wrote are given back to the letter', async () => {
  await caller.control('/units/unit_4Xc8jH/plates', { plates: ['м 404 мм 77'] }, 'PUT');
  const before = at((await caller.v1('/flats/23007/cars')).body, 'data', 'cars');
  expect(before).toBe('м 404 мм 77');
  await put(`${before}\nA123BC77\n`);
  expect(at((await caller.v1('/flats/23007/cars')).body, 'data', 'cars')).toBe('м 404 мм 77\nA123BC77');
  expect(await caller.counts()).toEqual({ 'plate.add:unit_4Xc8jH': 1 });
});

test('the same list again has no effect', async () => {
  await put('A123BC77');
  await put('A123BC77');
  await put('');
  expect(await caller.counts()).toEqual({ 'plate.add:unit_4Xc8jH': 1, 'plate.remove:unit_4Xc8jH': 1 });
});

test('quirk: a sentence with 200, and the door stays shut', async () => {
  await quirk('200-text');
  const reply = await openV1(caller);
  expect(reply).toMatchObject({
    status: 200,
    body: undefined,
    headers: { 'content-type': expect.stringMatching(/^text/) },
  });
  expect(await caller.counts()).toEqual({});
  await quirk('200-text', false);
  expect((await openV1(caller)).status).toBe(204);
});

test('quirk: 200 with code 500 inside', async () => {
  await quirk('200-code-500');
  expect(await caller.v1('/houses')).toMatchObject({ status: 200, body: { code: 500 } });
});

test('quirk: an empty list is 404', async () => {
  await quirk('404-as-empty');
  expect((await caller.v1('/flats/23007/cars')).status).toBe(404);
  expect((await caller.v1('/houses/23/flats?page=9')).status).toBe(404);
  await put('A123BC77');
  expect((await caller.v1('/flats/23007/cars')).status).toBe(200);
});

test('quirk: ids are strings', async () => {
  await quirk('integers-as-strings');
  const flats = await caller.v1('/houses/23/flats');
  expect(flats.body).toMatchObject({ code: 200, data: [{ flatId: '23007', houseId: '23' }] });
});

test('quirk: somebody else’s sign-in ends our token', async () => {
  await caller.signInV1();
  await quirk('token-invalidation');
  expect((await caller.v1('/houses')).status).toBe(401);
  await caller.signInV1();
  expect((await caller.v1('/houses')).status).toBe(200);
});

test('quirk: the 31st call within a minute begins an hour of 429 without a header', async () => {
  await quirk('ban');
  for (let call = 1; call <= 30; call += 1) expect((await caller.v1('/houses')).status).toBe(200);
  const banned = await caller.v1('/houses');
  expect(banned).toMatchObject({ status: 429, body: { code: 429 } });
  expect(banned.headers['retry-after']).toBeUndefined();
  caller.moveClock(59 * 60 * 1000);
  expect((await caller.v1('/houses')).status).toBe(429);
  caller.moveClock(2 * 60 * 1000);
  expect((await caller.v1('/houses')).status).toBe(200);
});

test('a deprecated v1 says so with every answer, and past its sunset says nothing else', async () => {
  expect((await caller.v1('/houses')).headers.deprecation).toBeUndefined();
  const [begin, end] = [caller.instant(-1000), caller.instant(3_600_000)];
  await caller.control('/deprecate', { version: 'v1', at: begin, sunset: end });
  const { headers } = await caller.v1('/houses');
  expect(headers).toMatchObject({
    deprecation: `@${Math.floor(Date.parse(begin) / 1000)}`,
    sunset: new Date(end).toUTCString(),
    link: expect.stringMatching(/rel="deprecation".*rel="sunset".*rel="successor-version"/),
  });
  const discovered = () => caller.raw('/.well-known/smart-home-platform');
  expect(at((await discovered()).body, 'versions', 0)).toEqual({
    id: 'v1',
    status: 'deprecated',
    deprecatedAt: begin,
    sunsetAt: end,
  });
  caller.moveClock(3_601_000);
  expect(await caller.v1('/houses')).toMatchObject({ status: 410, body: { code: 410 } });
  expect(at((await discovered()).body, 'versions', 0)).toMatchObject({ status: 'retired' });
});

test('the simulator’s own answers kept to the contract', () => {
  expect(caller.simulator.contractViolations().filter(({ side }) => side === 'answer')).toEqual([]);
});
