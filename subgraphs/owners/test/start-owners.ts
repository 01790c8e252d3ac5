/** The owners subgraph on a database in memory, with a clock that the test moves and a count of SQL statements. */
import { randomBytes } from 'node:crypto';
import { later } from '@house/kernel/clock';
import { type Database, openDatabase, type Queryable } from '@house/kernel/database';
import { createOutboxStore } from '@house/kernel/outbox';
import type { Principal } from '@house/kernel/principal';
import type { Deadline } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { SEED_PEOPLE } from '@house/schema/seed.ts';
import { createOwners } from '../src/app.ts';
import { createFeatures } from '../src/features.ts';

export const SEEDED_AT = new Date('2026-11-24T09:00:00Z');
export const DAY_MS = 24 * 60 * 60 * 1_000;

const counting = (database: Database): { database: Database; statements: string[] } => {
  const statements: string[] = [];
  const counted = (inner: Queryable): Queryable => ({
    query: (sql, parameters) => {
      statements.push(sql);
      return inner.query(sql, parameters);
    },
  });
  return {
    statements,
    database: {
      ...database,
      ...counted(database),
      transaction: (work, limits) => database.transaction((t) => work(counted(t)), limits),
    },
  };
};

/** A seeded person's principal, or one of an account that nobody knows. */
export const principalOf = (handle: string, changes: Partial<Principal> = {}): Principal => {
  const person = SEED_PEOPLE.find((each) => each.handle === handle);
  return {
    subject: handle,
    clientId: 'app',
    roles: person?.roles ?? ['resident'],
    scopes: ['premises:read'],
    complexes: person?.complexes ?? [],
    tokenId: 'token',
    expiresAt: later(SEEDED_AT, DAY_MS),
    ...changes,
  };
};

type Answer = { data: Record<string, unknown> | null; codes: string[]; statements: number };

export const startOwners = async (open: () => Promise<Database> = () => openDatabase({ directory: 'memory' })) => {
  const { database, statements } = counting(await open());
  let now = SEEDED_AT;
  const lines: string[] = [];
  const { log } = createTelemetry({
    service: 'owners',
    level: 'debug',
    destination: { write: (line) => lines.push(line) },
  });
  const vault = createVault({ rootKey: randomBytes(32), random: randomBytes });
  const owners = createOwners({ database, clock: () => now, random: randomBytes, log, vault });
  await owners.migrate();
  await owners.seed();
  return {
    ...owners,
    database,
    /** What the log holds so far. */
    lines,
    /** The rooms themselves, to add rows that the seeded world does not have. */
    features: createFeatures({
      database,
      vault,
      clock: () => now,
      random: randomBytes,
      outbox: createOutboxStore({ database, record: async () => undefined }),
    }),
    setNow: (date: Date) => {
      now = date;
    },
    ask: async (
      principal: string | Principal,
      query: string,
      variables: Readonly<Record<string, unknown>> = {},
      deadline?: Deadline,
    ): Promise<Answer> => {
      const before = statements.length;
      const { data, errors } = await owners.subgraph.execute({
        query,
        variables,
        principal: typeof principal === 'string' ? principalOf(principal) : principal,
        traceId: 'trace',
        deadline,
      });
      return {
        // Plain objects again: the executor's have no prototype.
        data: data ? (JSON.parse(JSON.stringify(data)) as Record<string, unknown>) : null,
        codes: (errors ?? []).map(({ extensions }) => String(extensions['code'])),
        statements: statements.length - before,
      };
    },
  };
};
