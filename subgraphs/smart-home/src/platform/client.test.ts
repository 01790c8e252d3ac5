import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { later } from '@house/kernel/clock';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterEach, expect, test } from '@jest/globals';
import { createPlatformClient, type PlatformClient } from './client.ts';

const START = new Date('2026-03-01T12:00:00Z');
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
const clientOf = (port: number): PlatformClient => {
  const telemetry = createTelemetry({ service: 'test', level: 'silent' });
  const url = `http://127.0.0.1:${port}`;
  const client = createPlatformClient({ url, witness: () => undefined, clock: () => now, telemetry });
  closing.push(() => client.close());
  return client;
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
