import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '@house/kernel/database';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { migrateGateway } from '../gateway.ts';
import { createApiKey, readApiKey, writeApiKey } from './api-key-text.ts';
import { createKeyHouse, NEAR, TERMS } from './test/api-key-house.ts';
import { MALFORMED_KEYS } from './test/malformed-keys.ts';
import type { VerifyApiKey } from './verify-api-key.ts';

let database: Database;
let house: ReturnType<typeof createKeyHouse>;
let gateway: VerifyApiKey;
let key: string;
let id: string;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateGateway(database);
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.run('TRUNCATE gateway.api_keys');
  house = createKeyHouse(database);
  gateway = house.gateway();
  ({
    key,
    record: { id },
  } = await house.keys.issue(TERMS, 'operator'));
});

const DAY_MS = 86_400_000;
const withSecret = (secret: string, of = id): string => writeApiKey({ id: of, secret }, 'dev');
const wrong = (): string => withSecret(createApiKey(randomBytes).secret);
const invented = (): string => writeApiKey(createApiKey(randomBytes), 'dev');
const row = async () => {
  const [found] = await database.query<{ last: Date | null; pepper: string; hash: Uint8Array }>(
    'SELECT last_used_at AS last, pepper, secret_hash AS hash FROM gateway.api_keys WHERE id = $1',
    [id],
  );
  return found;
};

test('a key is its client, reads what its scopes say in its one complex, and ends when it does', async () => {
  expect(await gateway.verify(key, NEAR)).toEqual({
    principal: {
      subject: 'client:lifts',
      clientId: 'lifts',
      roles: ['service'],
      scopes: ['premises:read'],
      complexes: ['cx_a'],
      tokenId: id,
      expiresAt: new Date(house.clock().getTime() + 30 * DAY_MS),
    },
  });
});

test('a scope that machine clients may no longer hold is not granted, whatever the table says', async () => {
  await database.query("UPDATE gateway.api_keys SET scopes = '{premises:read,access:open,audit:read}'");
  expect(await gateway.verify(key, NEAR)).toMatchObject({ principal: { scopes: ['premises:read'] } });
});

test.each<[string, () => string | Promise<string>, string, string?]>([
  ['that nobody issued', invented, 'api-key-unknown'],
  ['with another secret', wrong, 'api-key-secret'],
  ['from another network', () => key, 'api-key-network', '192.0.2.1'],
  [
    'that was revoked',
    async () => {
      await house.keys.revoke(id, 'operator');
      return key;
    },
    'api-key-revoked',
  ],
  [
    'that has ended',
    () => {
      house.move(30 * DAY_MS);
      return key;
    },
    'api-key-expired',
  ],
  [
    "with another key's secret",
    async () => {
      const { key: other } = await house.keys.issue(TERMS, 'operator');
      return withSecret(readApiKey(other, 'dev')?.secret ?? '');
    },
    'api-key-secret',
  ],
])('a key %s is refused', async (_which, make, reason, address = NEAR) => {
  expect(await gateway.verify(await make(), address)).toBe(reason);
});

test('of a wrong secret nothing else is told', async () => {
  await house.keys.revoke(id, 'operator');
  house.move(30 * DAY_MS);
  expect(await gateway.verify(wrong(), '192.0.2.1')).toBe('api-key-secret');
});

test('what is no key is refused without a query and without a hash', async () => {
  for (const [name, make] of MALFORMED_KEYS) {
    let verdict: unknown;
    const cost = await house.costOf(async () => {
      verdict = await gateway.verify(make(key), NEAR);
    });
    expect({ name, verdict, ...cost }).toEqual({ name, verdict: 'api-key-malformed', queries: 0, hashes: 0 });
  }
});

test('a key that nobody issued costs the same work as a wrong secret, at first and when it comes again', async () => {
  const unknown = createApiKey(randomBytes).id;
  const costs = (of: string) => async () => {
    const guess = () => house.costOf(() => gateway.verify(withSecret(createApiKey(randomBytes).secret, of), NEAR));
    return [await guess(), await guess()];
  };
  const first = { queries: 1, hashes: 1 };
  const again = { queries: 0, hashes: 1 };
  expect(await costs(id)()).toEqual([first, again]);
  expect(await costs(unknown)()).toEqual([first, again]);
});

test('a thousand uses at once ask once, and a use of the next ten seconds asks nothing', async () => {
  const use = () => gateway.verify(key, NEAR);
  await use();
  await gateway.settled();
  house.move(10_000);
  const many = () => Promise.all(Array.from({ length: 1_000 }, use));
  expect(await house.costOf(many)).toEqual({ queries: 1, hashes: 1_000 });
  house.move(9_999);
  expect(await house.costOf(use)).toEqual({ queries: 0, hashes: 1 });
});

test('a key that is revoked stops working within ten seconds at every gateway, also when its clock is set back', async () => {
  const gateways = [gateway, house.gateway()];
  for (const one of gateways) expect(await one.verify(key, NEAR)).toHaveProperty('principal');
  await house.keys.revoke(id, 'operator');
  house.move(-5_000);
  expect(await gateways[0]?.verify(key, NEAR)).toBe('api-key-revoked');
  house.move(15_000);
  expect(await gateways[1]?.verify(key, NEAR)).toBe('api-key-revoked');
});

test('guesses do not fill the memory: the oldest is forgotten, and no real key is', async () => {
  const small = house.gateway(2);
  await small.verify(key, NEAR);
  await small.settled();
  const first = invented();
  for (const guess of [first, invented()]) expect(await small.verify(guess, NEAR)).toBe('api-key-unknown');
  expect(await house.costOf(() => small.verify(first, NEAR))).toMatchObject({ queries: 0 });
  for (let n = 0; n < 20; n += 1) await small.verify(invented(), NEAR);
  expect(await house.costOf(() => small.verify(first, NEAR))).toMatchObject({ queries: 1 });
  expect(await house.costOf(() => small.verify(key, NEAR))).toMatchObject({ queries: 0 });
});

test('the memory of keys is bounded too: the oldest is read again', async () => {
  const small = house.gateway(1);
  const { key: other } = await house.keys.issue(TERMS, 'operator');
  for (const one of [key, other]) await small.verify(one, NEAR);
  await small.settled();
  expect(await house.costOf(() => small.verify(other, NEAR))).toMatchObject({ queries: 0 });
  expect(await house.costOf(() => small.verify(key, NEAR))).toMatchObject({ queries: 1 });
});

test('while the database is away nobody is let in, and it is asked again as soon as it is back', async () => {
  await database.run('ALTER TABLE gateway.api_keys RENAME TO api_keys_away');
  await expect(gateway.verify(key, NEAR)).rejects.toThrow();
  await database.run('ALTER TABLE gateway.api_keys_away RENAME TO api_keys');
  expect(await gateway.verify(key, NEAR)).toHaveProperty('principal');
});

test('when a key was used last is known to the minute, and a refused use is none', async () => {
  await gateway.verify(wrong(), NEAR);
  await gateway.verify(key, '192.0.2.1');
  await gateway.settled();
  expect((await row())?.last).toBeNull();
  const first = house.clock();
  for (let second = 0; second < 60; second += 10) {
    await gateway.verify(key, NEAR);
    await gateway.settled();
    expect((await row())?.last).toEqual(first);
    house.move(10_000);
  }
  await gateway.verify(key, NEAR);
  await gateway.settled();
  expect((await row())?.last).toEqual(house.clock());
});

test('a key stands under the pepper in use from its next use on; one that was not used is good as long as the old pepper is kept', async () => {
  const { key: unused } = await house.keys.issue(TERMS, 'operator');
  const [old] = house.state.peppers;
  const next = house.newPepper();
  house.state.peppers = [next, old];
  expect(await gateway.verify(key, NEAR)).toHaveProperty('principal');
  await gateway.settled();
  expect((await row())?.pepper).toBe(next.id);
  expect(await house.gateway().verify(unused, NEAR)).toHaveProperty('principal');
  await gateway.settled();

  house.state.peppers = [next];
  const fresh = house.gateway();
  expect(await fresh.verify(key, NEAR)).toHaveProperty('principal');
  expect(await fresh.verify(wrong(), NEAR)).toBe('api-key-secret');
});

test('a key that another gateway has stored anew is good here at once, also when the old pepper is gone', async () => {
  expect(await gateway.verify(key, NEAR)).toHaveProperty('principal');
  const [old] = house.state.peppers;
  const next = house.newPepper();
  house.state.peppers = [next, old];
  const another = house.gateway();
  await another.verify(key, NEAR);
  await another.settled();
  house.state.peppers = [next];
  expect(await gateway.verify(key, NEAR)).toHaveProperty('principal');
});

test('without its pepper a key is worth nothing', async () => {
  house.state.peppers = [house.newPepper()];
  expect(await gateway.verify(key, NEAR)).toBe('api-key-secret');
});

test('whoever has the whole table has no key', async () => {
  const secret = readApiKey(key, 'dev')?.secret ?? '';
  const [dump] = await database.query<{ text: string }>(
    `SELECT coalesce(string_agg(row_to_json(k)::text, E'\\n'), '') AS text FROM gateway.api_keys k`,
  );
  const { hash = new Uint8Array() } = (await row()) ?? {};
  expect(dump?.text).toContain(Buffer.from(hash).toString('hex'));
  for (const form of [
    secret,
    secret.slice(0, 12),
    Buffer.from(secret).toString('hex'),
    Buffer.from(secret).toString('base64'),
  ])
    expect(dump?.text).not.toContain(form);
  // Every word of the dump, and every way to write the hash, sent as the secret.
  const words = [...(dump?.text.matchAll(/[0-9A-Za-z]+/g) ?? [])].map(([word]) => word);
  const forms = (['hex', 'base64', 'base64url', 'latin1'] as const).map((form) => Buffer.from(hash).toString(form));
  const secrets = [...words, ...forms].map((word) =>
    word
      .replace(/[^0-9A-Za-z]/g, '')
      .slice(0, 43)
      .padEnd(43, '0'),
  );
  for (const guess of [...words, ...forms, ...secrets.map((one) => withSecret(one))])
    expect(typeof (await gateway.verify(guess, NEAR))).toBe('string');
});
