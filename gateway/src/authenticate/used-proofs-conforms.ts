/** What the store of used proofs promises on every database. */
import { randomBytes } from 'node:crypto';
import { type Clock, later } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { migrateGateway } from '../gateway.ts';
import { createClock } from '../test/house.ts';
import type { Proof } from './dpop-proof.ts';
import { createUsedProofs, type UsedProofs } from './used-proofs.ts';

/** @param open a database of its own. */
export const usedProofsConform = (driver: string, open: () => Promise<Database>): void => {
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  let database: Database;
  let clock: Clock;
  let move: (milliseconds: number) => void;
  const create = (): UsedProofs => createUsedProofs({ database, clock, log });
  const newProof = (): Proof => ({
    key: randomBytes(32).toString('base64url'),
    id: 'one',
    goodUntil: later(clock(), 61_000),
  });
  const rows = async (): Promise<number> =>
    (await database.query<{ count: number }>('SELECT count(*)::integer AS count FROM gateway.used_proofs'))[0]?.count ??
    0;

  beforeAll(async () => {
    database = await open();
    await migrateGateway(database);
  });
  beforeEach(async () => {
    ({ clock, move } = createClock());
    await database.run('TRUNCATE gateway.used_proofs');
  });
  afterAll(() => database.close());

  test(`${driver}: a proof is used once, also by another gateway`, async () => {
    const proof = newProof();
    expect(await create().use(proof)).toBe(true);
    expect(await create().use(proof)).toBe(false);
    expect(await create().use({ ...proof, goodUntil: later(proof.goodUntil, 1_000) })).toBe(false);
  });

  test(`${driver}: of fifty at once one is the first`, async () => {
    const proof = newProof();
    const stores = [create(), create()];
    const used = await Promise.all(Array.from({ length: 50 }, (_, index) => stores[index % 2]?.use(proof)));
    expect(used.filter(Boolean)).toHaveLength(1);
  });

  test(`${driver}: proofs of two keys, or with two ids, are two`, async () => {
    const proof = newProof();
    for (const other of [proof, { ...proof, id: 'two' }, { ...proof, key: newProof().key }])
      expect(await create().use(other)).toBe(true);
  });

  test(`${driver}: any id can be stored, and none is stored as it is`, async () => {
    const proof = newProof();
    for (const id of ['\0', '🏠', 'x'.repeat(200), "'; DROP TABLE gateway.used_proofs; --"]) {
      expect(await create().use({ ...proof, id })).toBe(true);
      expect(await create().use({ ...proof, id })).toBe(false);
    }
    const stored = await database.query<{ jti_hash: Uint8Array }>('SELECT jti_hash FROM gateway.used_proofs');
    expect(stored.map(({ jti_hash }) => jti_hash.length)).toEqual([32, 32, 32, 32]);
  });

  test(`${driver}: a proof is remembered for longer than it is good, and forgotten then`, async () => {
    const store = create();
    const use = async (one: Proof): Promise<boolean> => {
      const isFirst = await store.use(one);
      await store.settled();
      return isFirst;
    };
    const proof = newProof();
    await use(proof);
    move(61_000 + 10 * 60_000);
    await use(newProof());
    expect(await use(proof)).toBe(false);
    move(10_000);
    await use(newProof());
    // The two that were used since.
    expect(await rows()).toBe(2);
  });

  test(`${driver}: what has piled up goes in batches, and a use does not wait for it`, async () => {
    const store = create();
    await database.query(
      `INSERT INTO gateway.used_proofs SELECT repeat('k', 43), sha256(n::text::bytea), $1 FROM generate_series(1, 3500) n`,
      [later(clock(), -1_000)],
    );
    await store.use(newProof());
    await store.settled();
    expect(await rows()).toBe(1);
  });
};
