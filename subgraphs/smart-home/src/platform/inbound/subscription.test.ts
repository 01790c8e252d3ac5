import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Subscription, WebhookSubscriptions } from '../v2/webhook-subscriptions.ts';
import { createSecrets } from './secrets.ts';
import { createInboundStore } from './store.ts';
import { createSubscriptionKeeper } from './subscription.ts';

const START = new Date('2026-03-01T12:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1_000;
const URL = 'https://house.test/webhooks/platform';
const signal = new AbortController().signal;

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../../migrations') });
});
afterAll(() => database.close());

let now: Date;
const clock = (): Date => now;
const vault = createVault({ rootKey: randomBytes(32), random: randomBytes });
const { log } = createTelemetry({ service: 'test', level: 'silent' });

/** The platform's side of it, with answers that get lost when told so. */
const createPlayed = () => {
  const held = new Map<string, Subscription & { secrets: string[] }>();
  const calls: string[] = [];
  const lost = new Set<string>();
  let made = 0;
  const newSecret = (): string => `whsec_${Buffer.alloc(32, String((made += 1))).toString('base64')}`;
  const seen = ({ id, url, status }: Subscription): Subscription => ({ id, url, status });
  const of = (id: string) => {
    const found = held.get(id);
    if (!found) throw new Error(`no ${id}`);
    return found;
  };
  const answer = async <T>(name: string, value: T): Promise<T> => {
    calls.push(name);
    if (lost.delete(name)) throw new Error('the answer was lost');
    return value;
  };
  const port: WebhookSubscriptions = {
    read: async (id) => answer('read', held.has(id) ? seen(of(id)) : undefined),
    find: async (url) => {
      const found = [...held.values()].find((candidate) => candidate.url === url);
      return answer('find', found && seen(found));
    },
    create: async (url) => {
      const id = `wh_${held.size + 1}`;
      const subscription = { id, url, status: 'pending' as const, secrets: [newSecret()] };
      held.set(id, subscription);
      return answer('create', { subscription: seen(subscription), secret: subscription.secrets[0] ?? null });
    },
    revive: async (id, url) => {
      Object.assign(of(id), { url, status: of(id).status === 'paused' ? 'active' : 'pending' });
      return answer('revive', seen(of(id)));
    },
    rotate: async (id) => {
      const secret = newSecret();
      of(id).secrets = [secret, ...of(id).secrets.slice(0, 1)];
      return answer('rotate', { secret, previousValidUntil: later(now, DAY_MS) });
    },
    replay: async (_, from) => answer(`replay ${from.toISOString()}`, undefined),
  };
  return {
    port,
    held,
    calls,
    lost,
    set: (id: string, status: Subscription['status']) => Object.assign(of(id), { status }),
  };
};
let platform: ReturnType<typeof createPlayed>;

const createProcess = () => {
  const store = createInboundStore({ database, vault, clientId: 'house', clock });
  const secrets = createSecrets({ store, clock });
  return createSubscriptionKeeper({ subscriptions: platform.port, store, secrets, clock, random: randomBytes, log });
};
let keeper: ReturnType<typeof createProcess>;
beforeEach(async () => {
  now = START;
  for (const table of ['webhook_subscriptions', 'webhook_secrets', 'platform_sequences'])
    await database.query(`DELETE FROM smart_home.${table}`);
  platform = createPlayed();
  keeper = createProcess();
});

/** One that has proved its address. */
const subscribe = async (): Promise<void> => {
  expect(await keeper.look(URL, signal)).toBe(false);
  platform.set('wh_1', 'active');
  now = later(now, 1_000);
  expect(await keeper.look(URL, signal)).toBe(true);
  platform.calls.length = 0;
};
const known = async (): Promise<string[]> =>
  (await createInboundStore({ database, vault, clientId: 'house', clock }).secrets()).map(({ key }) => key);
/** What the platform signs by is known to us. */
const expectUnderstood = async (id = 'wh_1'): Promise<void> =>
  expect(await known()).toContain(platform.held.get(id)?.secrets[0]);

test('there is one subscription, however many processes look after it', async () => {
  const processes = Array.from({ length: 5 }, createProcess);
  await Promise.all(processes.map((process) => process.look(URL, signal)));
  expect(platform.held.size).toBe(1);
  platform.set('wh_1', 'active');
  now = later(now, 60_000);
  for (const process of processes) expect(await process.look(URL, signal)).toBe(true);
  expect(platform.held.size).toBe(1);
  platform.calls.length = 0;
  now = later(now, 60_000);
  for (const process of processes) expect(await process.look(URL, signal)).toBe(true);
  expect(platform.calls).toEqual([]);
  await expectUnderstood();
});

test('a process that died while it looked after it holds up the others for half a minute at most', async () => {
  const store = createInboundStore({ database, vault, clientId: 'house', clock });
  expect(await store.claim(later(now, 25_000), now)).toBeDefined();
  expect(await keeper.look(URL, signal)).toBe(false);
  expect(platform.calls).toEqual([]);
  now = later(now, 25_000);
  await keeper.look(URL, signal);
  expect(platform.held.size).toBe(1);
});

test('a subscription whose answer was lost is found again, and gets a secret that we know', async () => {
  platform.lost.add('create');
  await expect(keeper.look(URL, signal)).rejects.toThrow('lost');
  await keeper.look(URL, signal);
  expect(platform.held.size).toBe(1);
  await expectUnderstood();
});

test('a secret is replaced after thirty days and not before, and the one before counts for a day more', async () => {
  await subscribe();
  const [first] = await known();
  now = later(START, 30 * DAY_MS - 1_000);
  await keeper.look(URL, signal);
  expect(await known()).toEqual([first]);
  now = later(START, 30 * DAY_MS);
  await createProcess().look(URL, signal);
  expect(platform.calls.filter((call) => call === 'rotate')).toHaveLength(1);
  expect(await known()).toEqual([platform.held.get('wh_1')?.secrets[0], first]);
  now = later(now, DAY_MS);
  expect(await known()).toEqual([platform.held.get('wh_1')?.secrets[0]]);
});

test('a rotation whose answer was lost is made again, and until then the secret before is signed with', async () => {
  await subscribe();
  now = later(START, 31 * DAY_MS);
  platform.lost.add('rotate');
  await expect(keeper.look(URL, signal)).rejects.toThrow('lost');
  expect(platform.held.get('wh_1')?.secrets).toContain((await known())[0]);
  await keeper.look(URL, signal);
  await expectUnderstood();
});

test('what was paused goes on under a new secret, and what was lost is asked for', async () => {
  await subscribe();
  await database.query(
    `INSERT INTO smart_home.platform_sequences (site_id, since, whole_to, whole_at) VALUES (17, $1, 5, $2), (31, $1, 5, $1)`,
    [now, later(now, -1_000)],
  );
  const wholeAt = later(now, -1_000);
  platform.set('wh_1', 'paused');
  now = later(now, 2 * DAY_MS);
  expect(await keeper.look(URL, signal)).toBe(true);
  expect(platform.calls).toEqual(['read', 'rotate', 'revive', `replay ${wholeAt.toISOString()}`]);
  await expectUnderstood();
});

test('one that the platform has forgotten is made again, and one of another address is moved', async () => {
  await subscribe();
  platform.held.clear();
  now = later(now, 10 * 60_000);
  await keeper.look(URL, signal);
  expect(platform.calls).toEqual(['read', 'find', 'create']);
  await expectUnderstood();
  platform.set('wh_1', 'active');
  await createProcess().look('https://moved.test/webhooks/platform', signal);
  expect([...platform.held.values()]).toMatchObject([{ id: 'wh_1', url: 'https://moved.test/webhooks/platform' }]);
});

test('an address that was not challenged in half a minute is challenged again, and not more often', async () => {
  await keeper.look(URL, signal);
  for (const seconds of [1, 29, 30, 31, 59, 60]) {
    now = later(START, seconds * 1_000);
    expect(await keeper.look(URL, signal)).toBe(false);
  }
  expect(platform.calls.filter((call) => call === 'revive')).toHaveLength(2);
});
