import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { PlatformEvent } from './event.ts';
import { createReceive } from './receive.ts';
import { createSecrets } from './secrets.ts';
import { type EventsServer, serveEvents } from './serve.ts';
import { createInboundStore, type InboundStore } from './store.ts';
import {
  type Delivery,
  deliveryOf,
  eventOf,
  NOW,
  NOW_SECONDS,
  OTHER_SECRET,
  SECRET,
  type Sent,
  send,
  sentOf,
  signatureOf,
} from './test/deliveries.ts';
import { HOSTILE_WEBHOOKS } from './test/hostile-webhooks.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../../migrations') });
});
afterAll(() => database.close());

const vault = createVault({ rootKey: randomBytes(32), random: randomBytes });
let now: Date;
const clock = (): Date => now;
let store: InboundStore;
let server: EventsServer;
let telemetry: ReturnType<typeof createTelemetry>;
let events: PlatformEvent[];

const start = async (over: Partial<InboundStore> = {}, follow: () => Promise<void> = async () => {}): Promise<void> => {
  telemetry = createTelemetry({ service: 'test', level: 'silent' });
  const kept = { ...store, ...over };
  server = await serveEvents({
    receive: createReceive({ secrets: createSecrets({ store: kept, clock }), store: kept, log: telemetry.log }),
    taken: (event) => {
      events.push(event);
      return follow();
    },
    ...{ host: '127.0.0.1', port: 0, clock, telemetry },
  });
};
beforeEach(async () => {
  now = NOW;
  events = [];
  for (const table of ['platform_events', 'platform_sequences', 'webhook_secrets'])
    await database.query(`DELETE FROM smart_home.${table}`);
  store = createInboundStore({ database, vault, clientId: 'house', clock });
  await store.remember('wh_1', SECRET, now);
  await start();
});
afterEach(() => server.close());

const stored = async (): Promise<number> => (await database.query('SELECT id FROM smart_home.platform_events')).length;
const counted = async (): Promise<Record<string, number>> => {
  const values = (await telemetry.registry.getSingleMetric('platform_webhooks_total')?.get())?.values ?? [];
  return Object.fromEntries(
    values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels['outcome'], value]),
  );
};
const statusOf = async (sent: Sent): Promise<number> => (await send(server.url, sent)).status;
const signed = (delivery: Delivery, header: string): Sent =>
  sentOf(delivery, { headers: { 'Webhook-Signature': header } });

test.each(HOSTILE_WEBHOOKS)('not taken, told apart and nothing stored: $name', async ({ sent, status, outcome }) => {
  expect(await statusOf(sent)).toBe(status);
  expect(await counted()).toEqual({ [outcome]: 1 });
  expect(await stored()).toBe(0);
  expect(await statusOf(sentOf(deliveryOf()))).toBe(204);
});

test('the corpus of hostile webhooks has not shrunk', () => {
  expect(HOSTILE_WEBHOOKS.length).toBeGreaterThanOrEqual(65);
  expect(new Set(HOSTILE_WEBHOOKS.map(({ name }) => name)).size).toBe(HOSTILE_WEBHOOKS.length);
});

const longest = { id: 'e'.repeat(200), timestamp: String(NOW_SECONDS) };
const largest = (): Delivery => {
  const bare = deliveryOf({ id: 'evt_large' });
  const room = 100_000 - eventOf({ id: 'evt_large', data: { text: '' } }).length;
  return { ...bare, body: eventOf({ id: 'evt_large', data: { text: 'x'.repeat(room) } }) };
};
const good = deliveryOf();
const right = signatureOf(good);
const wrong = signatureOf(good, OTHER_SECRET);
const GOOD: readonly { name: string; sent: Sent }[] = [
  { name: 'as it is usually sent', sent: sentOf(good) },
  { name: 'two signatures, the first of which we know', sent: signed(good, `${right} ${wrong}`) },
  { name: 'two signatures, the second of which we know', sent: signed(good, `${wrong} ${right}`) },
  { name: 'beside versions that we do not know', sent: signed(good, `v1a,AAAA v2,x ${right}`) },
  { name: 'beside what is no signature', sent: signed(good, `nonsense  ${right}`) },
  { name: 'the tenth of ten', sent: signed(good, `${`${wrong} `.repeat(9)}${right}`) },
  { name: 'five minutes old', sent: sentOf(deliveryOf({ timestamp: String(NOW_SECONDS - 300) })) },
  { name: 'five minutes ahead', sent: sentOf(deliveryOf({ timestamp: String(NOW_SECONDS + 300) })) },
  { name: 'the longest id', sent: sentOf(deliveryOf(longest)) },
  { name: 'the largest body', sent: sentOf(largest()) },
  { name: 'without a length', sent: { ...sentOf(good), chunked: true } },
  { name: 'beyond ASCII', sent: sentOf({ ...good, body: eventOf({ id: good.id, data: { text: 'Кв. 12 🚪' } }) }) },
];
test.each(GOOD)('taken and followed up: $name', async ({ sent }) => {
  expect(await statusOf(sent)).toBe(204);
  expect(await counted()).toEqual({ taken: 1 });
  expect(await stored()).toBe(1);
  expect(events).toHaveLength(1);
});

test('the same event is stored and followed up once, however often it is told', async () => {
  for (const seconds of [0, 5, 300]) {
    now = later(NOW, seconds * 1_000);
    expect(await statusOf(sentOf(deliveryOf({ timestamp: String(NOW_SECONDS + seconds) })))).toBe(204);
  }
  const told = Array.from({ length: 10 }, () =>
    statusOf(sentOf(deliveryOf({ id: 'evt_2', timestamp: String(NOW_SECONDS + 300) }))),
  );
  expect(new Set(await Promise.all(told))).toEqual(new Set([204]));
  expect(await counted()).toEqual({ taken: 2, repeated: 11 });
  expect(events.map(({ id }) => id)).toEqual([good.id, 'evt_2']);
});

test('a plate that an event names does not stand in the database, and is there for who has the key', async () => {
  await statusOf(sentOf(good));
  const [row] = await database.query<{ body_sealed: Uint8Array }>('SELECT * FROM smart_home.platform_events');
  expect(Buffer.from(JSON.stringify(row)).includes('A123BC77')).toBe(false);
  expect(Buffer.from(row?.body_sealed ?? []).includes('A123BC77')).toBe(false);
  expect(vault.open(row?.body_sealed ?? Buffer.of(), `platform-event.body|${good.id}`)).toBe(good.body);
});

test.each([
  ['no JSON', 'nothing'],
  ['a sequence of nought', eventOf({ sequence: 0 })],
  ['no site', eventOf({ siteId: undefined })],
  ['bytes that are no UTF-8', '\udc80'],
])('what is signed and is no event is taken, so that nothing is paused, and nothing is stored: %s', async (_, body) => {
  expect(await statusOf(sentOf(deliveryOf({ body })))).toBe(204);
  expect(await counted()).toEqual({ 'not-by-contract': 1 });
  expect(await stored()).toBe(0);
});

test.each([
  ['a type that does not exist', { type: 'door.opened' }],
  ['a type that no column holds', { type: `\u0000${'x'.repeat(200)}` }],
  ['a type that is no text', { type: 5 }],
  ['a member too many', { extra: true }],
  ['no data', { data: undefined }],
  ['a time that is none', { occurredAt: 'yesterday' }],
  ['another id than the delivery', { id: 'evt_other' }],
])(
  'a signed event that the contract does not know has no effect, and is none that is missing: %s',
  async (_, strange) => {
    const tell = (id: string, sequence: number, over = {}) =>
      statusOf(sentOf(deliveryOf({ id, body: eventOf({ id, sequence, ...over }) })));
    expect(await tell('evt_1', 1)).toBe(204);
    for (let turn = 0; turn < 2; turn += 1) expect(await tell('evt_2', 2, strange)).toBe(204);
    expect(await tell('evt_3', 3)).toBe(204);
    expect(await counted()).toEqual({ taken: 2, 'not-by-contract': 2 });
    expect(await store.gaps()).toEqual([]);
    expect(await store.wholeSince()).toEqual(new Date('2026-03-01T11:59:59.500Z'));
    expect(events.map(({ id }) => id)).toEqual(['evt_1', 'evt_3']);
  },
);

test('a challenge is answered for a subscription that is ours, and for no other', async () => {
  const challenge = 'c'.repeat(43);
  const ask = (subscriptionId: string, secret?: string) => {
    const delivery = deliveryOf({
      id: 'msg_1',
      body: JSON.stringify({ type: 'subscription.challenge', subscriptionId, challenge }),
    });
    return send(server.url, signed(delivery, signatureOf(delivery, secret)));
  };
  expect(await ask('wh_1')).toMatchObject({ status: 200, text: JSON.stringify({ challenge }) });
  expect(await ask('wh_2')).toMatchObject({ status: 400, text: '' });
  expect(await ask('wh_1', OTHER_SECRET)).toMatchObject({ status: 401, text: '' });
});

test('a secret that another process has got a moment ago is known at once, and the one before to the end of its overlap', async () => {
  expect(await statusOf(sentOf(good))).toBe(204);
  now = later(now, 200);
  await store.remember('wh_1', OTHER_SECRET, later(now, 60_000));
  const delivery = deliveryOf({ id: 'evt_2' });
  expect(await statusOf(signed(delivery, signatureOf(delivery, OTHER_SECRET)))).toBe(204);
  expect(await statusOf(sentOf(deliveryOf({ id: 'evt_3' })))).toBe(204);
  now = later(now, 60_000);
  expect(await statusOf(sentOf(deliveryOf({ id: 'evt_4' })))).toBe(401);
  expect(await stored()).toBe(3);
});

test('whoever forges makes us read the secrets ten times a second at most', async () => {
  let reads = 0;
  await server.close();
  await start({
    secrets: () => {
      reads += 1;
      return store.secrets();
    },
  });
  for (let count = 0; count < 50; count += 1) expect(await statusOf(signed(good, wrong))).toBe(401);
  expect(reads).toBe(1);
  now = later(now, 100);
  for (let count = 0; count < 50; count += 1) expect(await statusOf(signed(good, wrong))).toBe(401);
  expect(reads).toBe(2);
});

test('what cannot be stored is not taken: the platform is asked to try again', async () => {
  await server.close();
  await start({ put: () => Promise.reject(new Error('the database is away')) });
  const answer = await send(server.url, sentOf(good));
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  expect(await counted()).toEqual({ unavailable: 1 });
});

test('more than can be worked on is sent back at once, and everything is taken in the end', async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  await server.close();
  await start({
    put: async (event, body) => {
      await opened;
      return store.put(event, body);
    },
  });
  const first = Array.from({ length: 64 }, (_, index) => statusOf(sentOf(deliveryOf({ id: `evt_${index}` }))));
  const untilFull = async (): Promise<void> => {
    const answer = await Promise.race([
      send(server.url, sentOf(good)),
      new Promise((resolve) => setTimeout(resolve, 50)),
    ]);
    if (!answer) return untilFull();
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  };
  await untilFull();
  open();
  expect(new Set(await Promise.all(first))).toEqual(new Set([204]));
});

test('bodies that do not come, from one address, keep out none that does from another', async () => {
  const { hostname, port } = new URL(server.url);
  const head = Object.entries(sentOf(good).headers).map(([name, value]) => `${name}: ${value}`);
  const lines = ['POST /webhooks/platform HTTP/1.1', 'Host: house', 'Content-Length: 9', ...head, '', ''];
  const answers: string[] = [];
  const sockets = Array.from({ length: 64 }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('data', (data) => answers.push(String(data).slice(9, 12))).on('error', () => undefined);
    socket.write(lines.join('\r\n'));
    return socket;
  });
  while (answers.length < 48) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(new Set(answers)).toEqual(new Set(['503']));
  expect((await send(server.url, sentOf(good))).status).toBe(503);
  expect((await send(server.url, sentOf(good, { from: '127.0.0.2' }))).status).toBe(204);
  for (const socket of sockets) socket.destroy();
  const untilFree = async (): Promise<void> => ((await statusOf(sentOf(good))) === 204 ? undefined : untilFree());
  await untilFree();
});

test('what follows from events keeps out no other', async () => {
  const { promise, resolve: end } = Promise.withResolvers<void>();
  await server.close();
  await start({}, () => promise);
  for (let count = 0; count < 70; count += 1)
    expect(await statusOf(sentOf(deliveryOf({ id: `evt_${count}` })))).toBe(204);
  end();
});
