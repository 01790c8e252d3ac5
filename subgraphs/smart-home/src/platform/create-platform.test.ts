import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { later } from '@house/kernel/clock';
import { parseConfig, secret } from '@house/kernel/config';
import { createDeadline } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createPlatform, type OpenOrder, type PlateOrder } from './platform.ts';
import { createSigningServer, createTestTrust } from './test/played-platform.ts';

const START = new Date('2026-03-01T12:00:00Z');
const DISCOVERY = '/.well-known/smart-home-platform';
const UNIT = { siteId: 17, unitId: 'u', flatId: 12 };
const signal = new AbortController().signal;
let now: Date;
const closing: (() => unknown)[] = [];
beforeEach(() => {
  now = START;
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const { trust, pair } = createTestTrust();
const { S } = parseConfig({ S: 'x'.repeat(40) }, { S: secret() });
type Answer = { status?: number; body?: unknown; headers?: Record<string, string> };

/** A platform that serves every site by `version`; what `answers` does not name succeeds with nothing in it. */
const start = async ({ version = 'v2', retryShare = 0 }: { version?: 'v1' | 'v2'; retryShare?: number } = {}) => {
  const asked: string[] = [];
  const answers: Record<string, Answer> = {
    [DISCOVERY]: { body: { versions: [], sites: { default: version, overrides: [] } } },
    '/api/v2/oauth/token': { body: { access_token: 'token', expires_in: 300 } },
    '/api/v1/auth/token': { body: { code: 200, data: { token: 'token', expiresIn: '86400' } } },
    '/api/v2/units/u/access-points': { body: { items: [], next: null } },
  };
  const listener: RequestListener = (incoming, outgoing) => {
    const path = String(incoming.url).replace(/\?.*$/, '');
    asked.push(path);
    const { status = 200, body = {}, headers = {} } = answers[path] ?? answers['*'] ?? {};
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
    outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createSigningServer(pair, () => now, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const lines: string[] = [];
  const telemetry = createTelemetry({
    service: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  const platform = createPlatform({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    trust,
    client: { id: 'house', v1Secret: S, v1ApiKey: S },
    memory: { read: async () => undefined, write: async () => undefined },
    retryShare,
    clock: () => now,
    random: (size) => new Uint8Array(randomBytes(size)),
    telemetry,
  });
  closing.push(
    () => server.close(),
    () => platform.close(),
  );
  const health = async (): Promise<string> => (await platform.binding(17, createDeadline(10_000))).health;
  return { platform, asked, answers, health, telemetry, lines };
};

const door = { v2: 'ap_1', v1: { domophoneId: 1, doorId: 0 } };
const openOrder = (attempts: number): OpenOrder => ({
  key: 'op_1',
  unit: UNIT,
  accessPoint: door,
  actuation: 'MOMENTARY',
  subjectRef: 'sr_1',
  notAfter: later(START, 60_000),
  attempts,
  sentAt: START,
  operationRef: null,
  others: async () => [],
});
const plateOrder = (isRepeat: boolean): PlateOrder => ({
  key: 'op_2',
  unit: UNIT,
  plate: { country: 'RU', canonical: 'A123BC77' },
  accessPoints: [door],
  everywhere: true,
  validFrom: START,
  validUntil: null,
  autoOpen: true,
  platformRef: null,
  sentAt: START,
  operationRef: null,
  isRepeat,
  told: true,
  others: [],
});

test('fifty homes on one screen ask the platform once how it is', async () => {
  const { asked, platform } = await start();
  const bindings = await Promise.all(Array.from({ length: 50 }, () => platform.binding(17, createDeadline(10_000))));
  expect(new Set(bindings.map(({ health }) => health))).toEqual(new Set(['UP']));
  expect(asked.toSorted()).toEqual([DISCOVERY, '/api/v2/health']);
});

test('a platform that fails is DOWN and refuses at once, and is found to be back without anybody tapping', async () => {
  const { platform, asked, answers, health, telemetry, lines } = await start();
  expect(await health()).toBe('UP');
  expect(platform.refusal(17)).toBeUndefined();
  answers['*'] = { status: 500 };
  answers['/api/v2/units/u/access-points'] = { status: 500 };
  const access = await platform.access(17);
  for (let index = 0; index < 25; index += 1) await access.accessPoints(UNIT, signal).catch(() => undefined);
  expect(platform.refusal(17)).toEqual({ retryAfterMs: 2_000 });
  expect(platform.refusal(23)).toBeUndefined();
  expect(await health()).toBe('DOWN');
  expect(lines.join('')).toMatch(/"siteId":17,"msg":"breaker-opened"/);
  expect(await telemetry.registry.metrics()).toMatch(/platform_breaker_open\{site="17"\} 1/);

  asked.splice(0);
  for (let second = 1; second <= 10; second += 1) {
    now = later(now, 1_000);
    expect(await health()).toBe('DOWN');
    expect(platform.refusal(17)?.retryAfterMs).toBeGreaterThan(0);
    now = later(now, 1_000);
    expect(platform.refusal(17)).toBeUndefined();
    expect(await health()).toBe('DOWN');
  }
  expect(asked.filter((path) => path === '/api/v2/health')).toHaveLength(10);
  answers['*'] = { status: 200 };
  now = later(now, 2_000);
  expect(await health()).toBe('UP');
  expect(platform.refusal(17)).toBeUndefined();
  expect(await telemetry.registry.metrics()).toMatch(/platform_breaker_open\{site="17"\} 0/);
});

test('a platform that asked for a pause is not down, but refuses at once and is left alone', async () => {
  const { platform, asked, answers, health } = await start();
  await platform.accessPoints(UNIT);
  answers['*'] = { status: 429, headers: { 'retry-after': '7' } };
  const access = await platform.access(17);
  expect(await access.open(openOrder(1), signal)).toMatchObject({ is: 'not-taken', retryAfterMs: 7_000 });
  expect(platform.refusal(17)).toEqual({ retryAfterMs: 7_000 });
  asked.splice(0);
  expect(await access.open(openOrder(2), signal)).toMatchObject({ is: 'not-sent', retryAfterMs: 7_000 });
  expect(await access.outcome(openOrder(2), signal)).toMatchObject({ is: 'ambiguous' });
  expect(await access.removeSubject({ unit: UNIT, subjectRef: 'sr_1' }, signal)).toMatchObject({ is: 'not-sent' });
  await expect(platform.accessPoints(UNIT)).rejects.toMatchObject({ fault: { effect: 'unsent' } });
  expect(await health()).toBe('DEGRADED');
  expect(asked).toEqual([]);
  now = later(now, 7_000);
  await platform.accessPoints(UNIT);
  expect(await health()).toBe('UP');
});

test('where nobody can sign in, every site without a token is down, and one that has a token goes on', async () => {
  const { platform, answers, health, lines } = await start();
  answers['/api/v2/oauth/token'] = { status: 500 };
  for (let index = 0; index < 20; index += 1) await platform.accessPoints(UNIT).catch(() => undefined);
  expect(platform.refusal(17)).toEqual({ retryAfterMs: 2_000 });
  expect(await health()).toBe('DOWN');

  // The health of a site says nothing about signing in: the question about it tries that too.
  answers['/api/v2/oauth/token'] = { body: { access_token: 'token', expires_in: 300 } };
  now = later(now, 2_000);
  expect(await health()).toBe('UP');
  expect(platform.refusal(17)).toBeUndefined();

  lines.splice(0);
  answers[DISCOVERY] = { status: 500 };
  now = later(now, 60_000);
  // Known versions answer at once, while the question about newer ones goes on behind them.
  for (let turn = 0; turn < 10_000 && !lines.join('').includes('"resource":"platform"'); turn += 1) {
    await platform.access(17);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(lines.join('')).toMatch(/"resource":"platform","msg":"breaker-opened"/);
  expect(platform.refusal(17)).toBeUndefined();
  await platform.accessPoints(UNIT);
});

test('a read that fails in passing is repeated before anybody sees it', async () => {
  const { platform, asked, answers } = await start();
  answers['/api/v2/units/u/access-points'] = { status: 500 };
  await expect(platform.accessPoints(UNIT)).rejects.toMatchObject({ fault: { status: 500 } });
  expect(asked.filter((path) => path.endsWith('access-points'))).toHaveLength(3);
});

test.each(['v1', 'v2'] as const)(
  '%s: when the budget is spent only repeats wait, never a question or what safety demands',
  async (version) => {
    const { platform, answers, asked } = await start({ version });
    const [access, vehicles] = [await platform.access(17), await platform.vehicles(17)];
    const isAsked = async (work: Promise<unknown>): Promise<boolean> => {
      asked.splice(0);
      await work.catch(() => undefined);
      return asked.length > 0;
    };
    answers['*'] = { status: 409, body: { code: 409 } };
    let repeats = 0;
    while (repeats < 100 && (await isAsked(access.open(openOrder(2), signal)))) repeats += 1;
    expect(repeats).toBe(30);
    expect(await isAsked(vehicles.add(plateOrder(true), signal))).toBe(false);
    expect(await isAsked(vehicles.remove(plateOrder(true), signal))).toBe(false);

    expect(await isAsked(access.open(openOrder(1), signal))).toBe(true);
    expect(await isAsked(vehicles.add(plateOrder(false), signal))).toBe(true);
    expect(await isAsked(vehicles.remove(plateOrder(false), signal))).toBe(true);
    expect(platform.refusal(17)).toBeUndefined();
    expect(await isAsked(access.outcome(openOrder(2), signal))).toBe(true);
    if (version === 'v1') return;
    expect(await isAsked(access.removeSubject({ unit: UNIT, subjectRef: 'sr_1' }, signal))).toBe(true);
    expect(await isAsked(vehicles.added(plateOrder(true), signal))).toBe(true);
  },
);

test.each<[string, Answer]>([
  ['an envelope that says 500', { body: { code: 500, name: 'internalError' } }],
  ['a sentence instead of an envelope', { body: 'An internal server error occurred.' }],
])('the first version fails with 200: %s opens the breaker all the same', async (_, answer) => {
  const { platform, answers } = await start({ version: 'v1' });
  answers['*'] = answer;
  const access = await platform.access(17);
  for (let index = 0; index < 20; index += 1) await access.accessPoints(UNIT, signal).catch(() => undefined);
  expect(platform.refusal(17)).toEqual({ retryAfterMs: 2_000 });
});

test.each<[string, Answer, number]>([
  ['in its envelope', { body: { code: 429, name: 'tooManyRequests' }, headers: { 'retry-after': '7' } }, 7_000],
  ['by its name alone', { body: { code: 403, name: 'intervalExceeded' } }, 1_000],
  ['by a status without a time', { status: 429, body: { code: 429, name: 'tooManyRequests' } }, 1_000],
])('the first version says "too many" %s: the site is left alone', async (_, answer, waitMs) => {
  const { platform, answers } = await start({ version: 'v1' });
  answers['*'] = answer;
  const access = await platform.access(17);
  expect(await access.open(openOrder(1), signal)).toMatchObject({ is: 'not-taken', code: 'PLATFORM_UNAVAILABLE' });
  expect(await access.open(openOrder(1), signal)).toMatchObject({ is: 'not-sent', retryAfterMs: waitMs });
});

test('a pause that a tap can wait out refuses nobody', async () => {
  const { platform, answers } = await start();
  answers['*'] = { status: 503, headers: { 'retry-after': '2' } };
  const access = await platform.access(17);
  await access.open(openOrder(1), signal);
  expect(platform.refusal(17)).toBeUndefined();
  expect(await access.open(openOrder(1), signal)).toMatchObject({ is: 'not-sent', retryAfterMs: 2_000 });
  now = later(now, 2_000);
  answers['*'] = { status: 503, headers: { 'retry-after': '3' } };
  await access.open(openOrder(1), signal);
  expect(platform.refusal(17)).toEqual({ retryAfterMs: 3_000 });
});

test.each<[string, Answer]>([
  ['told to wait for an hour', { status: 429, headers: { 'retry-after': '3600' } }],
  ['failing', { status: 500 }],
])('webhook calls that are %s hold up no door, no token and no health, only each other', async (_, answer) => {
  const { platform, asked, answers, health } = await start();
  answers['/api/v2/webhook-subscriptions/wh_1'] = answer;
  const read = () => platform.webhooks.read('wh_1', signal).catch(() => 'refused');
  for (let turn = 0; turn < 25; turn += 1) expect(await read()).toBe('refused');
  const calls = asked.length;
  expect(await read()).toBe('refused');
  expect(asked).toHaveLength(calls);
  now = later(now, 280_000);
  expect(await platform.accessPoints(UNIT)).toEqual([]);
  expect([platform.refusal(17), await health()]).toEqual([undefined, 'UP']);
});
