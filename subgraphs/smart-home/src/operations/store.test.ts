import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase } from '@house/kernel/database';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createOperationStore, type PageQuery } from './store.ts';

const START = new Date('2026-03-01T12:00:00Z');
let database: Database;
let statements = 0;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../migrations') });
  await database.query("INSERT INTO smart_home.complexes (id, site_id) VALUES ('cx_1', 1)");
  await database.query(
    "INSERT INTO smart_home.premises (id, complex_id) SELECT 'pr_' || n, 'cx_1' FROM generate_series(1, 50) n",
  );
  const store = createOperationStore({ database });
  for (let index = 0; index < 200; index += 1)
    await store.insert(database, {
      id: `op_${index}`,
      kind: 'OPEN',
      subject: index % 4 === 3 ? 'other' : 'me',
      premisesId: `pr_${(index % 50) + 1}`,
      objectId: 'ac_1',
      // Some fall into one moment: their ids decide.
      createdAt: later(START, Math.floor(index / 60)),
      deadline: later(START, 10_000),
    });
});
afterAll(() => database.close());

const store = () =>
  createOperationStore({
    database: {
      ...database,
      query: (sql, parameters) => {
        statements += 1;
        return database.query(sql, parameters);
      },
    },
  });
const page = (overrides: Partial<PageQuery> = {}): PageQuery => ({
  subject: 'me',
  premisesId: 'pr_1',
  state: null,
  limit: 2,
  after: null,
  ...overrides,
});

test('the operations of fifty premises are one statement, and the same as those of each alone', async () => {
  const queries = Array.from({ length: 50 }, (_, index) => page({ premisesId: `pr_${index + 1}` }));
  statements = 0;
  const together = await store().pages(queries, START);
  expect(statements).toBe(1);
  const alone = await Promise.all(queries.map(async (query) => (await store().pages([query], START))[0]));
  expect(together).toEqual(alone);
  expect(together.flat().length).toBeGreaterThan(50);
  expect(together.every((found) => found.every(({ subject }) => subject === 'me'))).toBe(true);
});

test('a walk by pages meets every operation once, newest first', async () => {
  const walked: string[] = [];
  let after: PageQuery['after'] = null;
  for (;;) {
    const [found = []] = await store().pages([page({ premisesId: 'pr_2', limit: 1, after })], START);
    const [last] = found;
    if (!last) break;
    walked.push(last.id);
    after = { createdAt: last.createdAt, id: last.id };
  }
  const [all = []] = await store().pages([page({ premisesId: 'pr_2', limit: 100 })], START);
  expect(walked).toEqual(all.map(({ id }) => id));
  expect(walked.length).toBeGreaterThan(1);
});

test('opens are found by the state that they are shown in, also when their time is over and no answer is there', async () => {
  await database.query("UPDATE smart_home.operations SET state = 'SENT' WHERE id = 'op_0'");
  const found = async (state: PageQuery['state'], now: Date): Promise<string[]> =>
    (await store().pages([page({ state, limit: 100 })], now)).flat().map(({ id }) => id);
  const over = later(START, 10_000);
  expect(await found('SENT', later(over, -1))).toEqual(['op_0']);
  expect(await found('UNKNOWN_OUTCOME', later(over, -1))).toEqual([]);
  expect(await found('SENT', over)).toEqual([]);
  expect(await found('UNKNOWN_OUTCOME', over)).toEqual(['op_0']);
});
