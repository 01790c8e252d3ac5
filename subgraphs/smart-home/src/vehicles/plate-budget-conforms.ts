/** What the budget of a plate promises, run against each database. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate } from '@house/kernel/database';
import { createDeadline } from '@house/kernel/subgraph';
import { createVault } from '@house/kernel/vault';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createPlateBudget, type PlateBudget } from './plate-budget.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** @param open a database that nobody else uses; it is closed at the end. */
export const plateBudgetConforms = (driver: string, open: () => Promise<Database>): void => {
  let database: Database;
  let budget: PlateBudget;
  let keys = 0;
  beforeAll(async () => {
    database = await open();
    await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../migrations') });
    budget = createPlateBudget({
      ...{ database, vault: createVault({ rootKey: randomBytes(32), random: randomBytes }), random: randomBytes },
      limits: { perPlate: 5, perSite: 12 },
    });
  });
  afterAll(() => database.close());
  beforeEach(async () => void (await database.query('DELETE FROM smart_home.plate_additions')));

  const add = (canonical: string, over: { at?: Date; siteId?: number; idempotencyKey?: string } = {}) =>
    budget.spend({
      ...{ subject: `person-${keys % 7}`, idempotencyKey: `key-${keys++}`, siteId: 17, at: NOW },
      ...{ plate: { country: 'RU', canonical }, deadline: createDeadline(10_000) },
      ...over,
    });
  const isKept = async (...added: Parameters<typeof add>): Promise<boolean> => (await add(...added)) !== null;

  test(`${driver}: five additions of one plate go out at once, over all who ask and all sites, however many ask together`, async () => {
    const asked = Array.from({ length: 12 }, (_, index) => isKept('A123BC77', { siteId: index }));
    expect((await Promise.all(asked)).filter((kept) => !kept)).toHaveLength(5);
    expect(await isKept('A124BC77')).toBe(false);
  });

  test(`${driver}: of one site only so many go out at once, whatever the plates`, async () => {
    const asked = Array.from({ length: 20 }, (_, index) => isKept(`A${100 + index}BC77`));
    expect((await Promise.all(asked)).filter((kept) => !kept)).toHaveLength(12);
    expect(await isKept('A999BC77', { siteId: 23 })).toBe(false);
  });

  test(`${driver}: a repeat under the same key is counted once, and judged as the first was`, async () => {
    const same = { idempotencyKey: 'the-same' };
    keys = 0;
    const first = await Promise.all(
      Array.from({ length: 8 }, () => {
        keys = 0;
        return isKept('A123BC77', same);
      }),
    );
    expect(first).toEqual(Array(8).fill(false));
    for (let count = 0; count < 4; count += 1) expect(await isKept('A123BC77')).toBe(false);
    expect(await isKept('A123BC77')).toBe(true);
    keys = 0;
    expect(await isKept('A123BC77', same)).toBe(false);
  });

  test(`${driver}: one key used again for another plate is another addition`, async () => {
    for (let count = 0; count < 12; count += 1) {
      keys = 0;
      expect(await isKept(`A${100 + count}BC77`, { idempotencyKey: 'the-same' })).toBe(false);
    }
    expect(await isKept('A999BC77')).toBe(true);
  });

  test(`${driver}: what is beyond goes out ten minutes to an hour later, at no moment that could be told before`, async () => {
    for (let count = 0; count < 5; count += 1) await add('A123BC77');
    const delays: number[] = [];
    for (let count = 0; count < 5; count += 1) delays.push(((await add('A123BC77'))?.getTime() ?? 0) - NOW.getTime());
    for (const delay of delays) {
      expect(delay).toBeGreaterThanOrEqual(10 * MINUTE_MS);
      expect(delay).toBeLessThanOrEqual(60 * MINUTE_MS);
    }
    expect(new Set(delays).size).toBeGreaterThan(1);
  });

  test(`${driver}: after a day it counts no more, and is forgotten after two`, async () => {
    for (let count = 0; count < 5; count += 1) await add('A123BC77');
    expect(await isKept('A123BC77', { at: later(NOW, DAY_MS - 1_000) })).toBe(true);
    expect(await isKept('A123BC77', { at: later(NOW, DAY_MS + 1_000) })).toBe(false);
    await add('A124BC77', { at: later(NOW, 2 * DAY_MS + 1_000) });
    const [row] = await database.query('SELECT count(*)::int AS count FROM smart_home.plate_additions');
    expect(row).toEqual({ count: 3 });
  });

  test(`${driver}: nothing of it says which plate, or who asked`, async () => {
    await add('A123BC77');
    const rows = JSON.stringify(await database.query('SELECT * FROM smart_home.plate_additions'));
    expect(rows).not.toMatch(/A123BC77|person-|key-/);
  });
};
