import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
let authorization: string;
/** What the house asked by itself before it was ready. */
let askedAtStart: number;
const askedOfPlatform = async (): Promise<unknown[]> =>
  (await house.platform.requests()).filter(({ path }) => path.startsWith('/api/'));
beforeAll(async () => {
  house = await openHouse();
  askedAtStart = (await askedOfPlatform()).length;
  authorization = `Bearer ${await house.token('owner-a12')}`;
});
// Whatever was sent: the platform was not asked, nothing was stored, and the house lives.
afterEach(async () => {
  expect((await askedOfPlatform()).slice(askedAtStart)).toEqual([]);
  expect((await fetch(`${house.adminUrl}/livez`)).status).toBe(200);
});
afterAll(async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  const { data } = await house.post(
    { query: `{ premises(id: "${home.id}") { operations { edges { node { id } } } vehicles { id } } }` },
    { authorization },
  );
  expect(data).toEqual({ premises: { operations: { edges: [] }, vehicles: [] } });
  await house.stop();
});

const open = (input: string): string =>
  `mutation { openAccessPoint(input: ${input}) { operation { id } errors { code } } }`;
const add = (input: string): string => `mutation { addVehicle(input: ${input}) { operation { id } errors { code } } }`;
const aliases = (count: number): string =>
  Array.from(
    { length: count },
    (_, index) =>
      `a${index}: ${add(`{premisesId: "pr_a12", plate: "А${String(index).padStart(3, '0')}ВС77", idempotencyKey: "${newKey()}"}`).slice(11, -2)}`,
  ).join('\n');

test.each<[string, unknown, number, string]>([
  ['JSON that breaks off', '{"query": "{ me', 400, 'BAD_USER_INPUT'],
  ['a body of 2 MB', JSON.stringify({ query: `{ me { id } } #${'x'.repeat(2_000_000)}` }), 413, 'BAD_USER_INPUT'],
  ['an array of requests', [{ query: '{ me { id } }' }], 400, 'BAD_USER_INPUT'],
  ['no query', {}, 400, 'BAD_USER_INPUT'],
  ['a document that breaks off', { query: '{ me {' }, 400, 'BAD_USER_INPUT'],
  ['an unknown field', { query: '{ me { passport } }' }, 400, 'BAD_USER_INPUT'],
  [
    'a number for an id',
    { query: open('{premisesId: 1.5, accessPointId: "x", idempotencyKey: "k"}') },
    400,
    'BAD_USER_INPUT',
  ],
  [
    'a word for a number',
    { query: open('{premisesId: "x", accessPointId: "x", deadlineMs: "soon", idempotencyKey: "k"}') },
    400,
    'BAD_USER_INPUT',
  ],
  ['no idempotency key', { query: open('{premisesId: "x", accessPointId: "x"}') }, 400, 'BAD_USER_INPUT'],
  [
    'a date that is none',
    { query: add('{premisesId: "x", plate: "А123ВС77", validFrom: "30 February", idempotencyKey: "k"}') },
    200,
    'BAD_USER_INPUT',
  ],
  ['a thousand aliases', { query: `mutation { ${aliases(1_000)} }` }, 413, 'BAD_USER_INPUT'],
  [
    'thirty-one aliases',
    { query: `{ ${Array.from({ length: 31 }, (_, index) => `a${index}: me { id }`).join(' ')} }` },
    400,
    'QUERY_TOO_COMPLEX',
  ],
])('%s is refused with a code', async (_, body, status, code) => {
  const answer = await house.post(body, { authorization });
  expect({ status: answer.status, code: answer.errors?.[0]?.extensions.code }).toEqual({ status, code });
  expect(JSON.stringify(answer.errors)).not.toMatch(/node_modules|\.ts:|at \w+ \(/);
});

test.each(['', ' ', 'ключ', 'x'.repeat(201)])('an idempotency key that cannot be one is refused: %j', async (key) => {
  const query =
    'mutation ($key: ID!) { openAccessPoint(input: {premisesId: "pr_a12", accessPointId: "x", idempotencyKey: $key}) { operation { id } errors { code path } } }';
  const { data } = await house.post({ query, variables: { key } }, { authorization });
  expect(data).toEqual({
    openAccessPoint: { operation: null, errors: [{ code: 'BAD_USER_INPUT', path: ['input', 'idempotencyKey'] }] },
  });
});

test.each(['op_\u0000', '\u0000', 'op_\ud800'])('an id that no database can hold names nothing: %j', async (id) => {
  const query = 'query ($id: ID!) { operation(id: $id) { id } }';
  const { data, errors } = await house.post({ query, variables: { id } }, { authorization });
  expect(data?.['operation'] ?? null).toBeNull();
  expect(errors?.map(({ extensions }) => extensions.code) ?? ['BAD_USER_INPUT']).toEqual(['BAD_USER_INPUT']);
});

test('size and syntax are refused before anybody is asked who they are', async () => {
  expect((await house.post('{')).status).toBe(400);
  expect((await house.post(`{"query":"${'x'.repeat(200_000)}"}`)).status).toBe(413);
  expect((await house.post({ query: '{ nothing' })).status).toBe(401);
});
