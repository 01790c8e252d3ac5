import { type Database, openDatabase } from '@house/kernel/database';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { migrateGateway } from '../gateway.ts';
import { type Doors, startDoors } from '../test/doors.ts';
import { createClock } from '../test/house.ts';
import { createLockouts } from './lockouts.ts';
import { digestOf } from './places.ts';

const LOCKOUT = { failures: 3, withinMs: 3_600_000, firstMs: 30_000, longestMs: 3_600_000, codes: ['NOT_FOUND'] };
const limits = {
  'Mutation.openAccessPoint': {
    budgets: [{ per: 'actor', max: 10_000, windowMs: 1_000 }],
    lockout: LOCKOUT,
  },
} as const;

let database: Database;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateGateway(database);
});
afterAll(() => database.close());

let house: Doors;
afterEach(async () => {
  await house?.close();
  await database.query('DELETE FROM gateway.lockouts');
});

const statusAt = async (who: string, door: string): Promise<number> => (await house.open(who, door)).status;
const guess = async (times: number): Promise<void> => {
  for (let tried = 0; tried < times; tried += 1) expect(await statusAt('anna', `door-${tried}`)).toBe(200);
};

describe('who guesses doors', () => {
  test('is locked out until exactly the time that is told', async () => {
    house = await startDoors({ limits, database });
    await guess(3);
    const { status, headers, body } = await house.open('anna', 'door-3');
    expect({ status, after: headers.get('retry-after') }).toEqual({ status: 429, after: '30' });
    expect(body.errors).toEqual([
      expect.objectContaining({ extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 30 } }),
    ]);
    house.move(29_999);
    expect(await statusAt('anna', 'door-3')).toBe(429);
    house.move(1);
    expect(await statusAt('anna', 'door-of-anna')).toBe(200);
    expect(house.opened).toEqual(['anna']);
  });

  test('is locked for twice as long the next time', async () => {
    house = await startDoors({ limits, database });
    await guess(3);
    house.move(30_000);
    await guess(3);
    expect((await house.open('anna', 'door-3')).headers.get('retry-after')).toBe('60');
  });

  test('locks nobody else out: the owner opens the door that was guessed at', async () => {
    house = await startDoors({ limits, database });
    for (let tried = 0; tried < 5; tried += 1) await house.open('boris', 'door-of-anna');
    expect(await statusAt('boris', 'door-of-anna')).toBe(429);
    expect(await statusAt('anna', 'door-of-anna')).toBe(200);
    expect(house.opened).toEqual(['anna']);
  });

  test('cannot hide it: neither by asking to see nothing, nor by an alias or a fragment', async () => {
    house = await startDoors({ limits, database });
    const field = 'openAccessPoint(input: { accessPointId: "door-of-boris" })';
    const hidden = [
      `mutation { ${field} { __typename } }`,
      `mutation { x: ${field} { operation { id } } }`,
      `mutation { ...F } fragment F on Mutation { ... on Mutation { y: ${field} { errors: __typename } } }`,
    ];
    const who = { claims: { sub: 'anna' } };
    for (const query of hidden) expect((await house.ask(query, who)).status).toBe(200);
    expect(await statusAt('anna', 'door-of-anna')).toBe(429);
  });

  test('is not who opens doors, however many', async () => {
    house = await startDoors({ limits, database });
    for (let opened = 0; opened < 10; opened += 1) expect(await statusAt('anna', 'door-of-anna')).toBe(200);
  });

  test('is locked out by many guesses in one document as by one after another', async () => {
    house = await startDoors({ limits, database });
    const fields = [1, 2, 3].map(
      (n) => `a${n}: openAccessPoint(input: { accessPointId: "door-${n}" }) { errors { code } }`,
    );
    expect((await house.ask(`mutation { ${fields.join(' ')} }`, { claims: { sub: 'anna' } })).status).toBe(200);
    expect(await statusAt('anna', 'door-of-anna')).toBe(429);
  });
});

describe('while the database cannot be asked who is locked out', () => {
  const away = (): Promise<never> => Promise.reject(new Error('away'));
  const broken: Database = {
    query: away,
    transaction: away,
    run: away,
    version: away,
    close: async () => undefined,
  };

  test('a door is opened, and the log says so once', async () => {
    house = await startDoors({ limits, database: broken });
    for (let n = 0; n < 3; n += 1) expect(await statusAt('anna', 'door-of-anna')).toBe(200);
    expect(house.lines.filter((line) => line.includes('lockouts-unreachable'))).toHaveLength(1);
  });

  test('what must not go uncounted is refused', async () => {
    const sensitive = { ...limits['Mutation.openAccessPoint'], whenUnknown: 'refuse' as const };
    house = await startDoors({
      limits: { 'Mutation.openAccessPoint': sensitive },
      database: broken,
    });
    const { status, codes } = await house.open('anna', 'door-of-anna');
    expect({ status, codes }).toEqual({ status: 503, codes: ['SERVICE_UNAVAILABLE'] });
    expect(house.opened).toEqual([]);
  });
});

describe('the table of lockouts', () => {
  const policy = 'doors';
  const key = digestOf('anna');
  const locked = { key, ...LOCKOUT };

  test('200 failures at once are one lock', async () => {
    const lockouts = createLockouts({ database, clock: createClock().clock });
    const waits = await Promise.all(Array.from({ length: 200 }, () => lockouts.failed({ ...locked, policy })));
    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(2);
    expect(new Set(waits.filter((waitMs) => waitMs > 0))).toEqual(new Set([30_000]));
    expect(await database.query('SELECT level FROM gateway.lockouts')).toEqual([{ level: 1 }]);
  });

  test('holds nobody: neither an account nor an address nor a door can be read from it', async () => {
    house = await startDoors({ limits, database });
    await guess(3);
    const rows = JSON.stringify(await database.query('SELECT * FROM gateway.lockouts'));
    expect(rows).toContain('Mutation.openAccessPoint');
    expect(rows).not.toMatch(/anna|door-\d|127\.0\.0/);
  });

  test('forgets who has been quiet for a day', async () => {
    const { clock, move } = createClock();
    const lockouts = createLockouts({ database, clock });
    for (let failed = 0; failed < 3; failed += 1) await lockouts.failed({ ...locked, policy });
    move(30_000 + 86_400_000 + 1);
    const other = { ...locked, key: digestOf('boris'), policy };
    for (let failed = 0; failed < 3; failed += 1) await lockouts.failed(other);
    expect(await database.query('SELECT key FROM gateway.lockouts')).toEqual([{ key: other.key }]);
  });

  test('is asked by its primary key', async () => {
    await database.run('SET enable_seqscan = off');
    const indexed = await database.query<{ 'QUERY PLAN': string }>(
      "EXPLAIN SELECT * FROM gateway.lockouts WHERE key = ANY('{a,b}'::text[])",
    );
    await database.run('SET enable_seqscan = on');
    expect(indexed.map((row) => row['QUERY PLAN']).join('\n')).toContain('lockouts_pkey');
  });
});
