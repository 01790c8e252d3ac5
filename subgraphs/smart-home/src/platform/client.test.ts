import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { later } from '@house/kernel/clock';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterEach, expect, test } from '@jest/globals';
import { createPlatformClient, jsonOf, type PlatformClient } from './client.ts';
import { createGuard } from './guard.ts';
import { createTestTrust } from './test/played-platform.ts';

const START = new Date('2026-03-01T12:00:00Z');
const { trust } = createTestTrust();
let now = START;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  now = START;
  for (const close of closing.splice(0).toReversed()) await close();
});

const portOf = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
const clientAt = (url: string): PlatformClient => {
  const clock = () => now;
  const telemetry = createTelemetry({ service: 'test', level: 'silent' });
  const client = createPlatformClient({
    url,
    clientId: 'house',
    trust,
    guard: createGuard({ clock }),
    witness: () => undefined,
    clock,
    random: randomBytes,
    telemetry,
  });
  closing.push(() => client.close());
  return client;
};
const clientOf = (port: number): PlatformClient => {
  return clientAt(`http://127.0.0.1:${port}`);
};
const open = (client: PlatformClient, notAfter?: Date) =>
  client.exchange({
    method: 'POST',
    path: '/open',
    route: '/open',
    json: {},
    signal: AbortSignal.timeout(5_000),
    ...(notAfter && { notAfter }),
  });

/** A platform that opens whatever it hears. */
const startPlatform = async () => {
  const heard: string[] = [];
  const server = createServer((incoming, outgoing) => {
    heard.push(`${incoming.method} ${incoming.url}`);
    outgoing.end('{}');
  });
  closing.push(() => server.close());
  return { heard, client: clientOf(await portOf(server)) };
};

test('a request whose time is over before a connection is there never leaves, and counts as not sent', async () => {
  const { heard, client } = await startPlatform();
  const attempt = open(client, later(START, 3_000));
  now = later(START, 3_000);
  await expect(attempt).rejects.toMatchObject({ fault: { effect: 'unsent', code: 'DEADLINE_PASSED' } });
  expect((await open(client, later(now, 1))).status).toBe(200);
  expect(heard).toEqual(['POST /open']);
});

test('a request that nobody took was not sent', async () => {
  const server = createServer();
  const port = await portOf(server);
  server.close();
  await expect(open(clientOf(port))).rejects.toMatchObject({
    fault: { effect: 'unsent', problem: 'ECONNREFUSED' },
  });
});

test('a connection that breaks once the request has begun to leave may have had an effect', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.resetAndDestroy());
  });
  closing.push(() => server.close());
  await expect(open(clientOf(await portOf(server)))).rejects.toMatchObject({ fault: { effect: 'possible' } });
});

test('a request that is given up while it waits for a connection was not sent; one that left may have had an effect', async () => {
  const server = createServer(() => undefined);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = clientOf(await portOf(server));
  const given = new AbortController();
  const exchange = () =>
    client
      .exchange({ method: 'POST', path: '/open', route: '/open', json: {}, signal: given.signal })
      .catch(({ fault }: { fault: { effect: string } }) => fault.effect);
  const attempts = Array.from({ length: 40 }, exchange);
  let heard = 0;
  const allTaken = Promise.withResolvers<void>();
  server.on('request', () => {
    heard += 1;
    if (heard === 32) allTaken.resolve();
  });
  await allTaken.promise;
  given.abort();
  const effects = await Promise.all(attempts);
  expect(effects.filter((effect) => effect === 'possible')).toHaveLength(32);
  expect(effects.filter((effect) => effect === 'unsent')).toHaveLength(8);
});

test('a site that stands still and holds all connections does not make another one look broken', async () => {
  const server = createServer(() => undefined);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const clock = () => now;
  const guard = createGuard({ clock });
  const telemetry = createTelemetry({ service: 'test', level: 'silent' });
  const url = `http://127.0.0.1:${await portOf(server)}`;
  const client = createPlatformClient({
    url,
    clientId: 'house',
    trust,
    guard,
    witness: () => undefined,
    clock,
    random: randomBytes,
    telemetry,
  });
  closing.push(() => client.close());
  const given = new AbortController();
  const asks = (siteId: number) =>
    client.exchange({ method: 'GET', path: '/', route: '/', siteId, signal: given.signal }).catch(() => undefined);
  let heard = 0;
  const allTaken = Promise.withResolvers<void>();
  server.on('request', () => {
    heard += 1;
    if (heard === 32) allTaken.resolve();
  });
  const still = Array.from({ length: 32 }, () => asks(17));
  await allTaken.promise;
  const waiting = Array.from({ length: 32 }, () => asks(23));
  given.abort();
  await Promise.all([...still, ...waiting]);
  expect([guard.isBroken(17), guard.isBroken(23)]).toEqual([true, false]);
});

/** A server that speaks TCP and no more. */
const startTcp = async (answer: (socket: Socket) => void): Promise<number> => {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    answer(socket);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return portOf(server);
};
const says = (text: string) => (socket: Socket) => void socket.once('data', () => socket.end(text));

test.each<[string, 'unsent' | 'possible', () => Promise<PlatformClient>]>([
  ['a name that nobody knows', 'unsent', async () => clientAt('http://platform.invalid')],
  [
    'a TLS handshake that fails',
    'unsent',
    async () => clientAt(`https://127.0.0.1:${await startTcp(says('HTTP/1.1 400 Bad Request\r\n\r\n'))}`),
  ],
  ['no answer', 'possible', async () => clientOf(await startTcp(() => undefined))],
  ['an end without an answer', 'possible', async () => clientOf(await startTcp(says('')))],
  [
    'an answer that is cut',
    'possible',
    async () => clientOf(await startTcp(says('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"st'))),
  ],
  ['an answer that is not HTTP', 'possible', async () => clientOf(await startTcp(says('hello\r\n\r\n')))],
])('%s: the effect is %s', async (_, effect, start) => {
  const client = await start();
  const attempt = client.exchange({
    method: 'POST',
    path: '/open',
    route: '/open',
    json: {},
    signal: AbortSignal.timeout(effect === 'possible' ? 300 : 5_000),
  });
  await expect(attempt).rejects.toMatchObject({ fault: { effect, transient: true, code: 'PLATFORM_UNAVAILABLE' } });
});

test('an answer that is not JSON may have had an effect', () => {
  expect(() => jsonOf({ status: 200, headers: {}, text: '{"state":"succ' })).toThrow(
    expect.objectContaining({ fault: expect.objectContaining({ effect: 'possible' }) }),
  );
});

/** A platform whose answer the test chooses, asked about two sites. */
const startGuarded = async () => {
  const heard: string[] = [];
  let answer: { status: number; headers?: Record<string, string>; body?: unknown } = { status: 200 };
  const server = createServer((incoming, outgoing) => {
    heard.push(String(incoming.url));
    outgoing.writeHead(answer.status, { 'content-type': 'application/problem+json', ...answer.headers });
    outgoing.end(JSON.stringify(answer.body ?? {}));
  });
  closing.push(() => server.close());
  const client = clientOf(await portOf(server));
  return {
    heard,
    answers: (next: typeof answer) => {
      answer = next;
    },
    /** The status, or for how long it is held back. */
    ask: (siteId: number, { repeat = false, problem }: { repeat?: boolean; problem?: string } = {}) =>
      client
        .exchange({
          method: 'GET',
          path: `/sites/${siteId}`,
          route: '/sites/{id}',
          siteId,
          repeat,
          statusOf: ({ status }) => ({ status, problem }),
          signal: AbortSignal.timeout(5_000),
        })
        .then(
          ({ status }) => status,
          ({ fault }: { fault: { effect: string; transient: boolean; code: string; retryAfterMs?: number } }) => {
            expect(fault).toMatchObject({ effect: 'unsent', transient: true, code: 'PLATFORM_UNAVAILABLE' });
            return `${fault.retryAfterMs} ms`;
          },
        ),
  };
};

test('a platform that failed twenty times is asked once in two seconds, until it answers', async () => {
  const { heard, answers, ask } = await startGuarded();
  answers({ status: 500 });
  for (let index = 0; index < 20; index += 1) expect(await ask(17)).toBe(500);
  expect(await ask(17)).toBe('2000 ms');
  expect(await ask(23)).toBe(500);
  heard.splice(0);
  for (let step = 0; step < 10; step += 1) {
    now = later(now, 1_000);
    await ask(17);
    await ask(17);
  }
  expect(heard).toHaveLength(5);
  answers({ status: 404 });
  now = later(now, 2_000);
  expect(await ask(17)).toBe(404);
  expect(await ask(17)).toBe(404);
});

test.each([
  [429, '7'],
  [429, 'Sun, 01 Mar 2026 12:00:07 GMT'],
  [503, '7'],
  [503, 'Sun, 01 Mar 2026 12:00:07 GMT'],
])('%d with Retry-After %s stops everything to the site for seven seconds, and nothing else', async (status, wait) => {
  const { heard, answers, ask } = await startGuarded();
  answers({ status, headers: { 'retry-after': wait } });
  expect(await ask(17)).toBe(status);
  answers({ status: 200 });
  expect(await ask(23)).toBe(200);
  now = later(START, 6_999);
  expect(await ask(17)).toBe('1 ms');
  expect(heard).toEqual(['/sites/17', '/sites/23']);
  now = later(START, 7_000);
  expect(await ask(17)).toBe(200);
});

test('"too many" without a time stops the site for a second', async () => {
  const { answers, ask } = await startGuarded();
  answers({ status: 429 });
  await ask(17);
  expect(await ask(17)).toBe('1000 ms');
});

test('a device that is offline holds up no other', async () => {
  const { answers, ask } = await startGuarded();
  answers({ status: 503, headers: { 'retry-after': '7' } });
  for (let index = 0; index < 30; index += 1) expect(await ask(17, { problem: 'device-offline' })).toBe(503);
});

test('a request that is held back by its own deadline says nothing about the platform', async () => {
  const { heard, client } = await startPlatform();
  for (let index = 0; index < 20; index += 1) {
    const attempt = open(client, now);
    await expect(attempt).rejects.toMatchObject({ fault: { code: 'DEADLINE_PASSED' } });
  }
  expect((await open(client)).status).toBe(200);
  expect(heard).toHaveLength(1);
});
