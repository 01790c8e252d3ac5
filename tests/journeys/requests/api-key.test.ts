/** A machine client from the operator's command to what it sees, in a running house. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';

const ROOT = join(import.meta.dirname, '../../..');
const DAY_MS = 86_400_000;
/** Within it, a key that was taken back may still be taken somewhere. */
const REVOKED_MS = 10_000;

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

type Ran = { code: number; out: string; err: string };
/** `npm run api-key -- …` as an operator types it: to the house's socket, or to its database where that is a server. */
const run = async (words: string[], variables: Record<string, string> = {}): Promise<Ran> => {
  const { DATABASE_URL } = house.services;
  const child = spawn(process.execPath, ['scripts/src/api-key.ts', ...words], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      DATA_DIR: house.dataDirectory,
      ...(DATABASE_URL && { DATABASE_URL }),
      ...variables,
    },
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, out, err };
};

const issueTo = (client: string, changes: Record<string, string> = {}) => {
  const terms = {
    complex: 'cx_a',
    scopes: 'premises:read access:read',
    networks: '127.0.0.0/8',
    days: '30',
    ...changes,
  };
  return run(['issue', '--client', client, ...Object.entries(terms).flatMap(([name, value]) => [`--${name}`, value])]);
};
const idOf = (key: string): string => key.split('_')[2] ?? '';
const keyFor = async (client: string, changes?: Record<string, string>): Promise<string> => {
  const { code, out, err } = await issueTo(client, changes);
  expect({ code, err }).toMatchObject({ code: 0 });
  return out.trim();
};
const ask = (key: string, query: string, variables = {}) => house.post({ query, variables }, { 'x-api-key': key });
const statusOf = async (key: string): Promise<number> => (await ask(key, '{ complex(id: "cx_a") { id } }')).status;

test('a key is printed once and alone, and reads the premises of its complex without whose they are', async () => {
  const { code, out, err } = await issueTo('lifts');
  expect({ code, out }).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^tsh_dev_[0-9A-Za-z]{13}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}\n$/),
  });
  expect(err).toContain('It is shown this once');
  const key = out.trim();
  const { status, data } = await ask(
    key,
    `{ complex(id: "cx_a") { id name }
       premises(id: "pr_a12") { label suspension { since } accessPoints { kind } members { edges { node { id } } } } }`,
  );
  expect(status).toBe(200);
  expect(data).toMatchObject({
    complex: { id: 'cx_a' },
    premises: { label: 'Кв. ***', suspension: null, members: { edges: [] } },
  });
  expect(JSON.stringify(data)).toContain('ENTRANCE');
  for (const shown of [await run(['list']), await run(['list', '--json'])]) {
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining(idOf(key)) });
    expect(shown.out + shown.err + house.logged()).not.toContain(key.split('_')[3]);
  }
});

test('of another complex it sees what anybody sees of what does not exist', async () => {
  const key = await keyFor('neighbour', { complex: 'cx_b' });
  const see = async (premises: string, complex: string) =>
    (
      await ask(
        key,
        `query ($p: ID!, $c: ID!) {
          premises(id: $p) { id label complex { id } accessPoints { id } } complex(id: $c) { id name }
        }`,
        { p: premises, c: complex },
      )
    ).data;
  expect(await see('pr_b7', 'cx_b')).toMatchObject({ premises: { complex: { id: 'cx_b' } }, complex: { id: 'cx_b' } });
  for (const [premises, complex] of [
    ['pr_a12', 'cx_a'],
    ['pr_a13', 'cx_c'],
    ['pr_m12', 'cx_none'],
    ['pr_c1', ''],
  ] as const)
    expect(await see(premises, complex)).toEqual({ premises: null, complex: null });
});

test('it has no scope for persons, vehicles or doors, and is no resident', async () => {
  const key = await keyFor('curious');
  const open = `mutation ($input: OpenAccessPointInput!) { openAccessPoint(input: $input) { operation { id } } }`;
  const input = { premisesId: 'pr_a12', accessPointId: 'ap_1', idempotencyKey: newKey() };
  expect((await ask(key, open, { input })).status).toBe(403);
  expect((await ask(key, '{ premises(id: "pr_a12") { vehicles { id } } }')).status).toBe(403);
  const me = await ask(key, '{ me { id } }');
  expect(me.errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  expect(await house.platform.counts()).toEqual({});
});

test('a scope that no machine may hold is not given out', async () => {
  const { code, out, err } = await issueTo('greedy', { scopes: 'premises:read access:open' });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('--scopes: of premises:read access:read');
});

test('from another network it is refused like a key that nobody issued', async () => {
  const away = await house.post({ query: '{ me { id } }' }, { 'x-api-key': await keyFor('away', { networks: '::1' }) });
  const invented = await house.post({ query: '{ me { id } }' }, { 'x-api-key': 'invented' });
  const told = ({ status, errors, headers }: typeof away) => [status, errors, headers.get('www-authenticate')];
  expect(told(away)).toEqual(told(invented));
  expect(away.status).toBe(401);
});

test('a key that is revoked is refused within ten seconds', async () => {
  const key = await keyFor('gone');
  expect(await statusOf(key)).toBe(200);
  expect(await run(['revoke', idOf(key)])).toMatchObject({ code: 0, out: `revoked ${idOf(key)}\n` });
  house.advance(REVOKED_MS);
  expect(await statusOf(key)).toBe(401);
});

test('a third key of one client, a key that is not there and a house that is not there are refused in words', async () => {
  await keyFor('twice');
  await keyFor('twice');
  expect(await issueTo('twice')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('two active keys') });
  const unknown = await run(['revoke', '0000000000000']);
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('There is no key 0000000000000') });
  const nowhere = await run(['list'], { DATA_DIR: join(house.dataDirectory, 'nowhere'), DATABASE_URL: '' });
  expect(nowhere).toMatchObject({ code: 1, err: expect.stringContaining('No house runs on') });
});

test('production asks for the file of the pepper, and the command explains itself', async () => {
  const blind = await run(['list'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', NODE_ENV: 'production' });
  expect(blind).toMatchObject({ code: 1, err: expect.stringContaining('API_KEY_PEPPER') });
  expect(await run(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('rotate <id>') });
  expect((await run([])).code).toBe(2);
});

// Last: they move the house's clock by days.
test('a rotated key works beside its successor for the overlap, and the successor until it ends', async () => {
  const old = await keyFor('turning');
  const { code, out } = await run(['rotate', idOf(old), '--overlap-hours', '24']);
  expect(code).toBe(0);
  const next = out.trim();
  expect([await statusOf(old), await statusOf(next)]).toEqual([200, 200]);
  house.advance(DAY_MS);
  expect([await statusOf(old), await statusOf(next)]).toEqual([401, 200]);
  house.advance(29 * DAY_MS);
  expect(await statusOf(next)).toBe(401);
});
