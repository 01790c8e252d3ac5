/** What the shared token promises, run against each database. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { parseConfig, secret } from '@house/kernel/config';
import { type Database, migrate } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createPlatform, type Platform } from './platform/platform.ts';
import { createTestTrust } from './platform/test/played-platform.ts';
import { createPlatformTokens } from './platform-tokens.ts';

const START = new Date('2026-03-01T12:00:00Z');
const DAY_MS = 24 * 60 * 60_000;
const UNIT = { siteId: 23, unitId: 'u', flatId: 7 };
const signal = new AbortController().signal;
const vault = createVault({ rootKey: randomBytes(32), random: randomBytes });
const telemetry = () => createTelemetry({ service: 'test', level: 'silent' });
const client = { id: 'house' };

/** @param open a database that nobody else uses; it is closed at the end. */
export const platformTokensConform = (driver: string, open: () => Promise<Database>): void => {
  let now: Date;
  let database: Database;
  const closing: (() => unknown)[] = [];
  beforeAll(async () => {
    database = await open();
    await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../migrations') });
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    now = START;
    await database.query('DELETE FROM smart_home.platform_tokens');
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  /** A platform of the first version: one living token, and a new one ends it. */
  const startPlatform = async () => {
    let issued = 0;
    let refused = 0;
    let signsIn = true;
    const server = createServer((incoming, outgoing) => {
      const say = (code: number, data: unknown): void => {
        outgoing.writeHead(code, { 'content-type': 'application/json' });
        outgoing.end(JSON.stringify({ code, name: 'x', data }));
      };
      if (incoming.url === '/api/v1/auth/token') {
        if (!signsIn) return say(503, undefined);
        issued += 1;
        return say(200, { token: `token-${issued}`, expiresIn: DAY_MS / 1_000 });
      }
      if (incoming.url?.startsWith('/api/v1/')) {
        if (incoming.headers.authorization === `Bearer token-${issued}`) return say(200, []);
        refused += 1;
        return say(401, undefined);
      }
      outgoing.setHeader('content-type', 'application/json');
      outgoing.end(JSON.stringify({ versions: [], sites: { default: 'v1', overrides: [] } }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      issued: () => issued,
      refused: () => refused,
      signsIn: (does: boolean) => {
        signsIn = does;
      },
      /** Somebody signs in with our account elsewhere. */
      kill: () => {
        issued += 1;
      },
    };
  };

  const { S } = parseConfig({ S: 'x'.repeat(40) }, { S: secret() });
  const { trust } = createTestTrust();

  /** One of several processes on the same database. */
  const startProcess = (url: string, on: Pick<Database, 'query'> = database): Platform => {
    const clock = () => now;
    const { log } = telemetry();
    const platform = createPlatform({
      url,
      trust,
      client: { ...client, v1Secret: S, v1ApiKey: S },
      memory: { read: async () => undefined, write: async () => undefined },
      tokens: createPlatformTokens({ database: on, vault, clock, log, account: { url, client } }),
      clock,
      random: randomBytes,
      telemetry: telemetry(),
    });
    closing.push(() => platform.close());
    return platform;
  };
  const read = async (platform: Platform): Promise<unknown> =>
    (await platform.access(UNIT.siteId)).accessPoints(UNIT, signal);

  test(`${driver}: processes that start together sign in once`, async () => {
    const { url, issued, refused } = await startPlatform();
    const processes = Array.from({ length: 4 }, () => startProcess(url));
    await Promise.all(processes.map(read));
    expect([issued(), refused()]).toEqual([1, 0]);
  });

  test(`${driver}: a token that somebody else ended is replaced once for all, and nobody ends the new one`, async () => {
    const { url, issued, refused, kill } = await startPlatform();
    const processes = [startProcess(url), startProcess(url), startProcess(url)];
    await Promise.all(processes.map(read));
    kill();
    for (let round = 0; round < 5; round += 1) await Promise.all(processes.map(read));
    expect(issued()).toBe(3);
    expect(refused()).toBe(3);
  });

  test(`${driver}: a token is shared until 80 % of its life, and renewed once for all`, async () => {
    const { url, issued, refused } = await startPlatform();
    await read(startProcess(url));
    now = later(START, DAY_MS * 0.8 - 1);
    await read(startProcess(url));
    expect(issued()).toBe(1);
    now = later(START, DAY_MS * 0.8);
    await Promise.all([read(startProcess(url)), read(startProcess(url))]);
    expect([issued(), refused()]).toEqual([2, 0]);
  });

  test(`${driver}: a sign-in that fails is told, and leaves the next one free to try`, async () => {
    const { url, issued, signsIn } = await startPlatform();
    const [one, other] = [startProcess(url), startProcess(url)];
    signsIn(false);
    for (const outcome of await Promise.allSettled([read(one), read(other)]))
      expect(outcome).toMatchObject({ reason: { fault: { effect: 'unsent', transient: true } } });
    signsIn(true);
    await Promise.all([read(one), read(other)]);
    expect(issued()).toBe(1);
  });

  test(`${driver}: a process that died while it signed in holds up the others for three seconds at most`, async () => {
    const { url, issued } = await startPlatform();
    await database.query('INSERT INTO smart_home.platform_tokens (client_id, claimed_until) VALUES ($1, $2)', [
      client.id,
      later(START, 3_000),
    ]);
    const reading = read(startProcess(url));
    now = later(START, 3_000);
    await reading;
    expect(issued()).toBe(1);
  });

  test(`${driver}: whoever waits in vain for another process has sent nothing`, async () => {
    const { url } = await startPlatform();
    await database.query('INSERT INTO smart_home.platform_tokens (client_id, claimed_until) VALUES ($1, $2)', [
      client.id,
      later(START, 3_000),
    ]);
    await expect(read(startProcess(url))).rejects.toMatchObject({ fault: { effect: 'unsent', transient: true } });
  });

  test(`${driver}: while the database is away each process signs in for itself`, async () => {
    const { url, issued } = await startPlatform();
    const gone = { query: () => Promise.reject(new Error('connection refused')) };
    await read(startProcess(url, gone));
    expect(issued()).toBe(1);
  });

  test(`${driver}: the token stands in the database sealed, and is shown to no other platform`, async () => {
    const here = await startPlatform();
    const elsewhere = await startPlatform();
    await read(startProcess(here.url));
    const [row] = await database.query<{ token_sealed: Uint8Array }>(
      'SELECT token_sealed FROM smart_home.platform_tokens',
    );
    expect(Buffer.from(row?.token_sealed ?? []).toString('latin1')).not.toContain('token-1');
    await read(startProcess(elsewhere.url));
    expect([elsewhere.issued(), elsewhere.refused()]).toEqual([1, 0]);
  });
};
