/** Requests with an API key, over HTTP, at a whole gateway. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Database, openDatabase } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { migrateGateway } from '../gateway.ts';
import { createClock, type House, startHouse } from '../test/house.ts';
import { watchPeppers } from './api-key-peppers.ts';
import { createApiKey, writeApiKey } from './api-key-text.ts';
import { type ApiKeys, createApiKeys } from './api-keys.ts';
import { TERMS } from './test/api-key-house.ts';
import { MALFORMED_KEYS } from './test/malformed-keys.ts';

const { log } = createTelemetry({ service: 'test', level: 'silent' });
const LOCAL = { ...TERMS, networks: ['127.0.0.0/8'], scopes: ['premises:read', 'access:read'] };
const QUERY = JSON.stringify({ query: '{ premises(id: "p1") { label } }' });
const DAY_MS = 86_400_000;

let database: Database;
let directory: string;
let file: string;
let house: House;
let keys: ApiKeys;
let time: ReturnType<typeof createClock>;
const newPepper = (): string => randomBytes(32).toString('base64');
const write = (...peppers: string[]): void => {
  writeFileSync(`${file}.new`, peppers.join('\n'));
  renameSync(`${file}.new`, file);
};
const first = newPepper();

beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateGateway(database);
  directory = mkdtempSync(join(tmpdir(), 'peppers-'));
  file = join(directory, 'peppers.keys');
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true });
});
beforeEach(async () => {
  await database.run('TRUNCATE gateway.api_keys, gateway.lockouts');
  write(first);
  time = createClock();
  const { clock } = time;
  const apiKeys = { peppers: watchPeppers({ file, clock, log }), environment: 'dev' as const };
  keys = createApiKeys({ apiKeys, database, clock, random: randomBytes, log });
  house = await startHouse({ database, apiKeys, clock });
});
afterEach(() => house.close());

const agent = new Agent({ keepAlive: true, maxSockets: 50 });
afterEach(() => agent.destroy());

type Told = { status: number; body: string; headers: Record<string, unknown> };

/** As it stands, header lines and all; what differs between any two answers is taken out. */
const send = async (lines: string[], body = QUERY): Promise<Told> => {
  const { port, host } = new URL(house.url);
  const headers = ['host', host, 'content-type', 'application/json', ...lines];
  const asked = request({ port, host: '127.0.0.1', path: '/graphql', method: 'POST', headers, agent });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const { date: _date, 'x-request-id': _id, ...told } = answer.headers;
  return { status: answer.statusCode ?? 0, body: await text(answer), headers: told };
};
const withKey = (key: string, body?: string): Promise<Told> => send(['x-api-key', key], body);
const refusals = async (): Promise<Record<string, number>> => {
  const metrics = await (await fetch(`${house.adminUrl}/metrics`)).text();
  const found = metrics.matchAll(/^authentication_refusals_total\{reason="([^"]+)"\} ([1-9]\d*)$/gm);
  return Object.fromEntries([...found].map(([, reason, count]) => [reason, Number(count)]));
};

test('a key reads what its scopes say', async () => {
  const { key } = await keys.issue(LOCAL, 'operator');
  expect(await withKey(key)).toMatchObject({ status: 200, body: '{"data":{"premises":{"label":"Кв. 12"}}}\n' });
  expect(house.asked.at(-1)?.principal).toMatchObject({ subject: 'client:lifts', complexes: ['cx_a'] });
});

test('it reads nothing that its scopes do not say, and changes nothing', async () => {
  const { key } = await keys.issue({ ...LOCAL, scopes: ['access:read'] }, 'operator');
  for (const query of [
    '{ premises(id: "p1") { label } }',
    '{ archive }',
    'mutation { openAccessPoint(id: "1") }',
    'mutation { addVehicle(plate: "1") }',
  ])
    expect(await withKey(key, JSON.stringify({ query }))).toMatchObject({ status: 403 });
  expect(house.asked).toEqual([]);
});

test('every fault gets the same answer, byte for byte, headers too, and is counted by its reason', async () => {
  const { key, record } = await keys.issue(LOCAL, 'operator');
  const revoked = await keys.issue(LOCAL, 'operator');
  await keys.revoke(revoked.record.id, 'operator');
  const ended = await keys.issue({ ...LOCAL, client: 'ended', days: 1 }, 'operator');
  const away = await keys.issue({ ...LOCAL, client: 'away', networks: ['10.0.0.0/8', '::1'] }, 'operator');
  const bound = await keys.issue({ ...LOCAL, client: 'bound', certificate: 'c'.repeat(43) }, 'operator');
  time.move(DAY_MS);
  const token = `Bearer ${house.issuer.token()}`;
  const faults: Record<string, string[]> = {
    'api-key-malformed': ['x-api-key', `${key}A`],
    'api-key-unknown': ['x-api-key', writeApiKey(createApiKey(randomBytes), 'dev')],
    'api-key-secret': ['x-api-key', writeApiKey({ ...createApiKey(randomBytes), id: record.id }, 'dev')],
    'api-key-revoked': ['x-api-key', revoked.key],
    'api-key-expired': ['x-api-key', ended.key],
    'api-key-network': ['x-api-key', away.key],
    'api-key-certificate': ['x-api-key', bound.key],
    'api-key-ambiguous': ['x-api-key', key, 'x-api-key', key],
  };
  const answers = await Promise.all(Object.values(faults).map((lines) => send(lines)));
  answers.push(await send(['x-api-key', key, 'authorization', token]));
  const [one] = answers;
  expect(one).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer, DPoP algs="ES256"' } });
  for (const answer of answers) expect(answer).toEqual(one);
  expect(await refusals()).toEqual({
    ...Object.fromEntries(Object.keys(faults).map((reason) => [reason, 1])),
    'api-key-ambiguous': 2,
  });
  expect(house.asked).toEqual([]);
  expect((await withKey(key)).status).toBe(200);
});

test(`of ${MALFORMED_KEYS.length} things that are no keys none is accepted`, async () => {
  const { key } = await keys.issue(LOCAL, 'operator');
  // What HTTP itself does not carry is not sent.
  const sendable = MALFORMED_KEYS.map(([, make]) => make(key)).filter((one) => /^[\t\x20-\xff]*$/.test(one));
  expect(sendable.length).toBeGreaterThanOrEqual(30);
  for (const one of sendable) expect((await withKey(one)).status).toBe(401);
  expect((await refusals())['api-key-malformed']).toBe(sendable.length);
});

test('no key and no secret is in the log or in an answer', async () => {
  const { key } = await keys.issue(LOCAL, 'operator');
  const told = [await withKey(key), await withKey(`${key}A`), await send(['x-api-key', key, 'x-api-key', key])];
  for (const said of [house.lines.join('\n'), JSON.stringify(told)]) expect(said).not.toContain(key.split('_')[3]);
});

test('guesses at one key are told to slow down together, and the key itself is not', async () => {
  const { key, record } = await keys.issue(LOCAL, 'operator');
  const guess = () => withKey(writeApiKey({ ...createApiKey(randomBytes), id: record.id }, 'dev'));
  for (let n = 0; n < 20; n += 1) expect((await guess()).headers['retry-after']).toBeUndefined();
  expect((await guess()).headers['retry-after']).toBe('60');
  expect((await database.query('SELECT key FROM gateway.lockouts')).length).toBe(2);
  expect((await withKey(key)).status).toBe(200);
});

test('where no pepper is named no key is taken', async () => {
  const { key } = await keys.issue(LOCAL, 'operator');
  await house.close();
  house = await startHouse({ database, clock: time.clock });
  expect((await withKey(key)).status).toBe(401);
  expect(await refusals()).toEqual({ 'api-key-not-taken': 1 });
});

test('a pepper is replaced under load, and none of five thousand requests is refused', async () => {
  const issued = await Promise.all(
    ['a1', 'b2', 'c3', 'd4', 'e5'].map((client) => keys.issue({ ...LOCAL, client }, 'operator')),
  );
  const statuses = new Map<number, number>();
  const load = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent += 50) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => withKey(issued[n % issued.length]?.key ?? '')),
      );
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      time.move(200);
    }
  };
  const next = newPepper();
  await load(1_000);
  write(first, next);
  await load(1_000);
  write(next, first);
  await load(2_000);
  const [one, ...others] = new Set((await keys.list()).map(({ pepper }) => pepper));
  expect(others).toEqual([]);
  write(next);
  await load(1_000);
  expect(Object.fromEntries(statuses)).toEqual({ 200: 5_000 });
  expect(issued.map(({ record }) => record.pepper)).not.toContain(one);
}, 180_000);
