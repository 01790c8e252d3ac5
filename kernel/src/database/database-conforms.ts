/** What every database driver promises, run against each of them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Database, migrate, type Queryable } from './database.ts';

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  );

/** @param open a database that nobody else uses; it is closed at the end. */
export const databaseConforms = (driver: string, open: () => Promise<Database>): void => {
  let database: Database;
  let directory: string;
  const script = (name: string, sql: string) => writeFile(join(directory, name), sql);
  const migrated = () => migrate(database, { schema: 'trial', directory });

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'migrations-'));
    await database.run(
      'DROP SCHEMA IF EXISTS trial CASCADE; CREATE SCHEMA trial; CREATE TABLE trial.counters (id text PRIMARY KEY, value integer NOT NULL CHECK (value >= 0));',
    );
  });
  afterEach(() => rm(directory, { recursive: true }));

  const valueOf = async (id: string): Promise<unknown> =>
    (await database.query<{ value: number }>('SELECT value FROM trial.counters WHERE id = $1', [id]))[0]?.value;
  const put = (on: Queryable, id: string, value: number) =>
    on.query('INSERT INTO trial.counters (id, value) VALUES ($1, $2)', [id, value]);

  test(`${driver}: it is PostgreSQL, and says which`, async () => {
    expect(await database.version()).toMatch(/^PostgreSQL \d+/);
  });

  test(`${driver}: each type that our tables use comes back as the type that we put in`, async () => {
    await database.run(`CREATE TABLE trial.values (
      a text, b timestamptz, c text[], d bytea, e jsonb, f boolean, g integer, h double precision
    )`);
    const at = new Date('2026-11-24T09:00:00.123Z');
    const row = ['О’Кв. 12', at, ['a', 'b,"{}'], Buffer.from([0, 255, 39]), { a: [1, null] }, true, -7, 0.5];
    await database.query('INSERT INTO trial.values VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', row);
    const [back] = await database.query<{ b: Date; d: Uint8Array }>('SELECT * FROM trial.values');
    expect({ ...back, b: back?.b.toISOString(), d: Buffer.from(back?.d ?? []).toString('hex') }).toEqual({
      a: 'О’Кв. 12',
      b: at.toISOString(),
      c: ['a', 'b,"{}'],
      d: '00ff27',
      e: { a: [1, null] },
      f: true,
      g: -7,
      h: 0.5,
    });
  });

  test(`${driver}: null goes in and comes back as null`, async () => {
    const [row] = await database.query('SELECT $1::text AS a, $2::timestamptz AS b, $3::text[] AS c, $4::bytea AS d', [
      null,
      null,
      null,
      null,
    ]);
    expect(row).toEqual({ a: null, b: null, c: null, d: null });
  });

  test(`${driver}: rows are found by a list of keys, also by an empty one`, async () => {
    for (const id of ['a', 'b', 'c']) await put(database, id, 1);
    const find = async (ids: readonly string[]) =>
      (await database.query('SELECT id FROM trial.counters WHERE id = ANY($1::text[]) ORDER BY id', [ids])).map(
        ({ id }) => id,
      );
    expect(await find(['c', 'a', 'x'])).toEqual(['a', 'c']);
    expect(await find([])).toEqual([]);
  });

  test(`${driver}: a parameter is a value, never SQL`, async () => {
    await put(database, "'; DROP TABLE trial.counters; --", 1);
    expect(await valueOf("'; DROP TABLE trial.counters; --")).toBe(1);
  });

  test(`${driver}: a text that it cannot hold is the fault of whoever sent it`, async () => {
    for (const find of [put(database, 'a\0', 1), database.query('SELECT 1 WHERE $1 = ANY($2::text[])', ['a', ['\0']])])
      await expect(find).rejects.toMatchObject({ name: 'HouseError', code: 'BAD_USER_INPUT' });
    const attempt = database.transaction((transaction) => put(transaction, '\0', 1));
    expect(await codeOf(attempt)).toBe('BAD_USER_INPUT');
    await put(database, 'a', 1);
  });

  test(`${driver}: a broken rule is told by its SQLSTATE`, async () => {
    await put(database, 'a', 1);
    expect(await codeOf(put(database, 'a', 1))).toBe('23505');
    expect(await codeOf(put(database, 'b', -1))).toBe('23514');
    expect(await codeOf(database.query('SELECT * FROM trial.nothing'))).toBe('42P01');
  });

  test(`${driver}: a transaction that resolves is kept and answers what its work answered`, async () => {
    expect(await database.transaction((transaction) => put(transaction, 'a', 1).then(() => 'done'))).toBe('done');
    expect(await valueOf('a')).toBe(1);
  });

  test(`${driver}: a transaction that rejects leaves nothing and rejects with the same error`, async () => {
    const mine = new Error('changed my mind');
    const attempt = database.transaction(async (transaction) => {
      await put(transaction, 'a', 1);
      throw mine;
    });
    await expect(attempt).rejects.toBe(mine);
    expect(await valueOf('a')).toBeUndefined();
  });

  test(`${driver}: a failed statement undoes its whole transaction, and the next one works`, async () => {
    const attempt = database.transaction(async (transaction) => {
      await put(transaction, 'a', 1);
      await put(transaction, 'a', 2);
    });
    expect(await codeOf(attempt)).toBe('23505');
    await database.transaction((transaction) => put(transaction, 'b', 2));
    expect([await valueOf('a'), await valueOf('b')]).toEqual([undefined, 2]);
  });

  test(`${driver}: thirty transactions at once on one row lose no change`, async () => {
    await put(database, 'a', 0);
    const increment = () =>
      database.transaction(async (transaction) => {
        const [row] = await transaction.query<{ value: number }>(
          'SELECT value FROM trial.counters WHERE id = $1 FOR UPDATE',
          ['a'],
        );
        await transaction.query('UPDATE trial.counters SET value = $2 WHERE id = $1', ['a', (row?.value ?? 0) + 1]);
      });
    await Promise.all(Array.from({ length: 30 }, increment));
    expect(await valueOf('a')).toBe(30);
  });

  test(`${driver}: claims at once never take the same row twice`, async () => {
    for (let index = 0; index < 20; index += 1) await put(database, `row-${index}`, 0);
    const claim = () =>
      database.transaction((transaction) =>
        transaction.query<{ id: string }>(
          `UPDATE trial.counters SET value = 1 WHERE id IN (
             SELECT id FROM trial.counters WHERE value = 0 ORDER BY id LIMIT 4 FOR UPDATE SKIP LOCKED
           ) RETURNING id`,
        ),
      );
    const claimed = (await Promise.all(Array.from({ length: 8 }, claim))).flat().map(({ id }) => id);
    expect(new Set(claimed).size).toBe(claimed.length);
  });

  test(`${driver}: scripts are applied in the order of their numbers, each once`, async () => {
    await script('0002-fill.sql', "INSERT INTO trial.doors (name) VALUES ('a;b')\n;\n");
    await script('0001-doors.sql', '-- Why: a door; and its name.\nCREATE TABLE trial.doors (name text);\n');
    await script('notes.txt', 'nothing');
    await migrated();
    await migrated();
    expect(await database.query('SELECT name FROM trial.doors')).toEqual([{ name: 'a;b' }]);
    expect(await database.query('SELECT name FROM trial.migrations ORDER BY name')).toEqual([
      { name: '0001-doors.sql' },
      { name: '0002-fill.sql' },
    ]);
  });

  test(`${driver}: services that start together apply each script once`, async () => {
    await script('0001-doors.sql', 'CREATE TABLE trial.doors (name text);\n');
    await script('0002-fill.sql', "INSERT INTO trial.doors (name) VALUES ('a');\n");
    await Promise.all(Array.from({ length: 5 }, migrated));
    expect(await database.query('SELECT name FROM trial.doors')).toEqual([{ name: 'a' }]);
  });

  test(`${driver}: a script that was changed after it was applied is refused`, async () => {
    await script('0001-doors.sql', 'CREATE TABLE trial.doors (name text);\n');
    await migrated();
    await script('0001-doors.sql', 'CREATE TABLE trial.doors (title text);\n');
    await expect(migrated()).rejects.toThrow('trial/0001-doors.sql was changed');
  });

  test(`${driver}: a script that fails leaves nothing of itself and is tried again when it was mended`, async () => {
    await script('0001-doors.sql', 'CREATE TABLE trial.doors (name text);\n');
    await script('0002-more.sql', 'CREATE TABLE trial.more (name text);\nSELECT * FROM trial.nothing;\n');
    expect(await codeOf(migrated())).toBe('42P01');
    expect(await database.query("SELECT to_regclass('trial.more') AS more")).toEqual([{ more: null }]);
    await script('0002-more.sql', 'CREATE TABLE trial.more (name text);\n');
    await migrated();
    expect(await database.query('SELECT name FROM trial.more')).toEqual([]);
  });

  test(`${driver}: the tables of two services are told apart by their schema`, async () => {
    await database.run('DROP SCHEMA IF EXISTS other CASCADE');
    await script('0001-doors.sql', 'CREATE TABLE trial.doors (name text);\n');
    await migrated();
    await script('0001-doors.sql', 'CREATE TABLE other.doors (name text);\n');
    await migrate(database, { schema: 'other', directory });
    expect(await database.query('SELECT name FROM other.doors')).toEqual([]);
  });
};
