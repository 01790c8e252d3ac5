import { openDatabase } from '@house/kernel/database';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { migrateGateway } from '../gateway.ts';
import { type House, startHouse } from '../test/house.ts';

let database: Awaited<ReturnType<typeof openDatabase>>;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateGateway(database);
});
afterAll(() => database.close());

let house: House;
beforeEach(async () => {
  house = await startHouse({ database });
});
afterEach(async () => {
  await house.close();
  await database.query('DELETE FROM gateway.lockouts');
});

const BODY = JSON.stringify({ query: '{ me { id } }' });
const send = (token: string): Promise<Response> => house.post(BODY, { authorization: `Bearer ${token}` });
/** Sends tokens that nobody issued, each another one, one after another. */
const invent = async (count: number, from = 0): Promise<(string | null)[]> => {
  const told: (string | null)[] = [];
  for (let n = from; n < from + count; n += 1) {
    const response = await send(`invented-${n}`);
    expect(response.status).toBe(401);
    told.push(response.headers.get('retry-after'));
  }
  return told;
};

test('after twenty invented tokens in a minute their network is told to slow down, each time for twice as long', async () => {
  expect(await invent(20)).toEqual(Array.from({ length: 20 }, () => null));
  expect(await invent(3, 20)).toEqual(['60', '60', '60']);
  house.move(59_999);
  expect(await invent(1, 30)).toEqual(['1']);
  house.move(1);
  expect(await invent(20, 40)).toEqual(Array.from({ length: 20 }, () => null));
  expect(await invent(1, 60)).toEqual(['120']);
});

test('who waits as long as told is not punished for what came before', async () => {
  await invent(20);
  const [told] = await invent(1, 20);
  house.move(Number(told) * 1_000);
  expect(await invent(2, 30)).toEqual([null, null]);
});

test('a lock that is known costs no query, however many tokens are invented while it holds', async () => {
  let queries = 0;
  const counted: typeof database = {
    ...database,
    query: (...asked) => {
      queries += 1;
      return database.query(...asked);
    },
    close: async () => undefined,
  };
  await house.close();
  house = await startHouse({ database: counted });
  await invent(21);
  const before = queries;
  expect(await invent(30, 30)).toEqual(Array.from({ length: 30 }, () => '60'));
  expect(queries).toBe(before);
  house.move(60_000);
  expect(await invent(1, 70)).toEqual([null]);
  expect(queries).toBeGreaterThan(before);
});

test('a lock is known at a gateway that has not seen the guesses', async () => {
  await invent(21);
  const other = await startHouse({ database: { ...database, close: async () => undefined } });
  try {
    for (let n = 0; n < 2; n += 1) {
      const { headers } = await other.post(BODY, { authorization: `Bearer other-${n}` });
      expect(headers.get('retry-after')).toBe('60');
    }
  } finally {
    await other.close();
  }
});

test('one token that is sent again and again is told so before its network is', async () => {
  for (let n = 0; n < 20; n += 1) expect((await send('again')).headers.get('retry-after')).toBeNull();
  expect((await send('again')).headers.get('retry-after')).toBe('60');
  expect((await send('again')).status).toBe(401);
});

test('a valid token passes, whoever guesses from its network', async () => {
  await invent(25);
  for (let n = 0; n < 30; n += 1) expect((await house.ask('{ me { id } }')).status).toBe(200);
});

test('the refusal of a guesser is the same, byte for byte', async () => {
  const first = await send('invented-first');
  await invent(25);
  const last = await send('invented-last');
  expect(last.status).toBe(first.status);
  expect(await last.text()).toBe(await first.text());
  const namesOf = ({ headers }: Response): string[] => [...headers.keys()].filter((name) => name !== 'retry-after');
  expect(namesOf(last)).toEqual(namesOf(first));
});

test('requests without a token are no guesses', async () => {
  for (let n = 0; n < 30; n += 1) expect((await house.post(BODY)).headers.get('retry-after')).toBeNull();
  expect(await invent(1)).toEqual([null]);
});

test('an invented token is refused all the same while the database cannot be asked', async () => {
  const away = { ...database, query: () => Promise.reject(new Error('away')) };
  const other = await startHouse({ database: { ...away, close: async () => undefined } });
  try {
    for (let n = 0; n < 3; n += 1)
      expect((await other.post(BODY, { authorization: `Bearer invented-${n}` })).status).toBe(401);
    expect(other.lines.filter((line) => line.includes('lockouts-unreachable'))).toHaveLength(1);
  } finally {
    await other.close();
  }
});
