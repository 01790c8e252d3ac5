/** Keys in a database in memory, what verifies them, and what was asked of the database meanwhile. */
import { randomBytes } from 'node:crypto';
import type { Database } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { createClock } from '../../test/house.ts';
import { type Pepper, pepperOf } from '../api-key-peppers.ts';
import { type ApiKeyTerms, createApiKeys } from '../api-keys.ts';
import { createVerifyApiKey } from '../verify-api-key.ts';

export const TERMS: ApiKeyTerms = {
  client: 'lifts',
  complex: 'cx_a',
  scopes: ['premises:read'],
  networks: ['10.0.0.0/8'],
  days: 30,
};
/** Within those networks. */
export const NEAR = '10.0.0.1';

/** @param database migrated. */
export const createKeyHouse = (database: Database) => {
  const { clock, move } = createClock();
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  const asked: string[] = [];
  const watched: Database = {
    ...database,
    query: (sql, parameters) => {
      asked.push(sql.slice(0, 6));
      return database.query(sql, parameters);
    },
  };
  let hashes = 0;
  const newPepper = (): Pepper => {
    const { id, hash } = pepperOf(randomBytes(32));
    return {
      id,
      hash: (secret) => {
        hashes += 1;
        return hash(secret);
      },
    };
  };
  const state: { peppers: readonly [Pepper, ...Pepper[]] } = { peppers: [newPepper()] };
  const apiKeys = { peppers: () => state.peppers, environment: 'dev' as const };
  const gateway = (keysKept?: number) =>
    createVerifyApiKey({ apiKeys, database: watched, clock, log, ...(keysKept !== undefined && { keysKept }) });
  return {
    keys: createApiKeys({ apiKeys, database, clock, random: randomBytes, log }),
    /** As another process would have it: nothing is remembered yet. */
    gateway,
    state,
    newPepper,
    clock,
    move,
    /** What the work costs. */
    async costOf(work: () => Promise<unknown>): Promise<{ queries: number; hashes: number }> {
      const before = { queries: asked.length, hashes };
      await work();
      return { queries: asked.length - before.queries, hashes: hashes - before.hashes };
    },
  };
};
