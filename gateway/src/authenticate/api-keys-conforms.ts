/** What the table of API keys promises an operator on every database. */
import { later } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { migrateGateway } from '../gateway.ts';
import { createKeyHouse, NEAR, TERMS } from './test/api-key-house.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** @param open a database of its own. */
export const apiKeysConform = (driver: string, open: () => Promise<Database>): void => {
  let database: Database;
  let house: ReturnType<typeof createKeyHouse>;
  beforeAll(async () => {
    database = await open();
    await migrateGateway(database);
  });
  beforeEach(async () => {
    await database.run('TRUNCATE gateway.api_keys');
    house = createKeyHouse(database);
  });
  afterAll(() => database.close());

  /** Each a moment after the other. */
  const issue = (changes: Partial<typeof TERMS> = {}) => {
    house.move(1);
    return house.keys.issue({ ...TERMS, ...changes }, 'operator');
  };
  const isGood = async (key: string): Promise<boolean> => typeof (await house.gateway().verify(key, NEAR)) !== 'string';
  const states = async () => (await house.keys.list()).map(({ id, state }) => [id, state]);

  test(`${driver}: what was issued is listed as it was, without what could be used`, async () => {
    const { key, record } = await issue({ certificate: 'c'.repeat(43), networks: ['10.0.0.0/8', '::1'] });
    const listed = await house.keys.list('lifts');
    expect(listed).toEqual([record]);
    expect(record).toMatchObject({ createdBy: 'operator', state: 'active', lastUsedAt: null, days: 30 });
    expect(JSON.stringify(listed)).not.toContain(key.split('_')[3]);
    expect(await house.keys.list('others')).toEqual([]);
  });

  test(`${driver}: of twenty that are issued to one client at once two become keys`, async () => {
    // On a server, connections that are open already: only then are they really at once.
    await Promise.all(Array.from({ length: 20 }, () => house.keys.list()));
    const issued = await Promise.allSettled(Array.from({ length: 20 }, () => issue()));
    expect(issued.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(await house.keys.list('lifts')).toHaveLength(2);
    await expect(issue({ client: 'others' })).resolves.toHaveProperty('key');
  });

  test(`${driver}: a third is refused in words that name the two, and neither a revoked nor an ended one counts`, async () => {
    const { record } = await issue({ days: 1 });
    const second = await issue();
    await expect(issue()).rejects.toThrow(`${record.id} and ${second.record.id}`);
    await house.keys.revoke(second.record.id, 'operator');
    await issue();
    house.move(DAY_MS);
    await issue();
    expect((await states()).map(([, state]) => state).sort()).toEqual(['active', 'active', 'expired', 'revoked']);
  });

  test(`${driver}: a rotated key works during the overlap beside the new one, and not a moment longer`, async () => {
    const { key, record } = await issue();
    const next = await house.keys.rotate(record.id, { overlapHours: 24 }, 'another');
    expect(next.record).toMatchObject({
      ...TERMS,
      replaces: record.id,
      createdBy: 'another',
      expiresAt: later(house.clock(), 30 * DAY_MS),
    });
    house.move(24 * HOUR_MS - 1);
    expect([await isGood(key), await isGood(next.key)]).toEqual([true, true]);
    house.move(1);
    expect([await isGood(key), await isGood(next.key)]).toEqual([false, true]);
  });

  test(`${driver}: without an overlap the old key ends at once`, async () => {
    const { key, record } = await issue();
    const next = await house.keys.rotate(record.id, { overlapHours: 0, days: 90 }, 'operator');
    expect([await isGood(key), await isGood(next.key), next.record.days]).toEqual([false, true, 90]);
  });

  test(`${driver}: an overlap makes no key live longer`, async () => {
    const { record } = await issue({ days: 1 });
    house.move(DAY_MS - HOUR_MS);
    await house.keys.rotate(record.id, { overlapHours: 24 }, 'operator');
    expect((await house.keys.list())[0]?.expiresAt).toEqual(record.expiresAt);
  });

  test(`${driver}: a key is rotated once, and again only when its successor is gone`, async () => {
    const { record } = await issue();
    const next = await house.keys.rotate(record.id, { overlapHours: 24 }, 'operator');
    await expect(house.keys.rotate(record.id, { overlapHours: 24 }, 'operator')).rejects.toThrow('revoke one first');
    await house.keys.revoke(next.record.id, 'operator');
    expect((await house.keys.rotate(record.id, { overlapHours: 1 }, 'operator')).record.days).toBe(30);
  });

  test(`${driver}: a rotation that is refused leaves the old key as it was`, async () => {
    const { record } = await issue();
    await issue();
    await expect(house.keys.rotate(record.id, { overlapHours: 0 }, 'operator')).rejects.toThrow('revoke one first');
    expect((await house.keys.list())[0]).toEqual(record);
  });

  test(`${driver}: what is not active is not rotated, and what is not there neither rotated nor revoked`, async () => {
    const { record } = await issue({ days: 1 });
    await house.keys.revoke(record.id, 'operator');
    const rotate = (id: string) => house.keys.rotate(id, { overlapHours: 1 }, 'operator');
    await expect(rotate(record.id)).rejects.toThrow('is revoked');
    const other = await issue({ days: 1 });
    house.move(DAY_MS);
    await expect(rotate(other.record.id)).rejects.toThrow('is expired');
    await expect(rotate('0000000000000')).rejects.toThrow('There is no key');
    await expect(house.keys.revoke('0000000000000', 'operator')).rejects.toThrow('There is no key');
  });

  test(`${driver}: who revoked a key first, and when, is not written over`, async () => {
    const { key, record } = await issue();
    const first = await house.keys.revoke(record.id, 'first');
    house.move(HOUR_MS);
    expect(await house.keys.revoke(record.id, 'second')).toEqual(first);
    expect(await isGood(key)).toBe(false);
  });

  test(`${driver}: no row lives longer than ninety days, whoever writes it`, async () => {
    const { record } = await issue({ days: 90 });
    for (const column of ["expires_at = expires_at + interval '1 second'", 'days = 91', "networks = '{}'"])
      await expect(
        database.query(`UPDATE gateway.api_keys SET ${column} WHERE id = $1`, [record.id]),
      ).rejects.toMatchObject({ code: '23514' });
  });
};
