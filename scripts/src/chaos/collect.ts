/** What is known in the end: from the database by SQL, from the platform by its own contract, from the house as residents. */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { FINAL, type Flat, type Operation } from './history.ts';
import type { PlatformReader } from './platform-reader.ts';
import type { Resident } from './resident.ts';
import type { InhabitedFlat } from './world.ts';

type Row = {
  id: string;
  kind: string;
  state: string;
  subject: string;
  premises_id: string;
  object_id: string;
  keys: string[];
  follows: string | null;
  created_at: Date;
  deadline: Date;
  attempts: number;
  finished_at: Date | null;
  command_state: string | null;
};

const inDatabase = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const POLL_MS = 250;
/** An outcome that nobody knows may become known when the platform is well again; it need not. */
const TRUTH_WITHIN_MS = 6_000;

/** Waits until nothing is under way, `graceMs` at most. */
export const untilSettled = (databaseUrl: string, graceMs: number): Promise<void> =>
  inDatabase(databaseUrl, async (client) => {
    const started = Date.now();
    for (;;) {
      const { rows } = await client.query<{ state: string }>(
        'SELECT state FROM smart_home.operations WHERE NOT state = ANY($1)',
        [[...FINAL]],
      );
      const waited = Date.now() - started;
      if (rows.length === 0 || waited > graceMs) return;
      if (waited > TRUTH_WITHIN_MS && rows.every(({ state }) => state === 'UNKNOWN_OUTCOME')) return;
      await delay(POLL_MS);
    }
  });

export const readOperations = (databaseUrl: string, flats: readonly InhabitedFlat[]): Promise<Operation[]> =>
  inDatabase(databaseUrl, async (client) => {
    const targets = new Map(flats.flatMap(({ points }) => points.map(({ id, target }) => [id, target] as const)));
    const { rows } = await client.query<Row>(
      `SELECT o.id, o.kind, o.state, o.subject, o.premises_id, o.object_id, coalesce(k.keys, '{}') AS keys, o.follows,
         o.created_at, o.deadline, o.attempts, o.finished_at, c.state AS command_state
       FROM smart_home.operations o LEFT JOIN outbox.commands c ON c.id = o.id LEFT JOIN (
         SELECT operation_id, array_agg(idempotency_key) AS keys FROM smart_home.operation_keys GROUP BY operation_id
       ) k ON k.operation_id = o.id ORDER BY o.created_at, o.id`,
    );
    return rows.map((row) => {
      const target = row.kind === 'OPEN' ? targets.get(row.object_id) : undefined;
      return {
        id: row.id,
        kind: row.kind,
        state: row.state,
        subject: row.subject,
        premisesId: row.premises_id,
        keys: row.keys,
        follows: row.follows,
        ...(target !== undefined && { target }),
        createdAt: row.created_at.getTime(),
        deadline: row.deadline.getTime(),
        attempts: row.attempts,
        finishedAt: row.finished_at?.getTime() ?? null,
        commandState: row.command_state,
      };
    });
  });

/** Everything that the database has about an operation, for whoever has to find out what went wrong. */
export const readRows = (databaseUrl: string, ids: readonly string[]): Promise<Record<string, unknown>[]> =>
  inDatabase(databaseUrl, async (client) => {
    const { rows } = await client.query<Record<string, unknown>>(
      `SELECT to_jsonb(o) AS operation, to_jsonb(c) AS command FROM smart_home.operations o
       LEFT JOIN outbox.commands c ON c.id = o.id WHERE o.id = ANY($1)`,
      [ids],
    );
    return rows;
  });

/** What Redis holds of lists, sets and hashes: jobs that nobody takes are seen there. */
export const readRedis = async (url: string): Promise<Record<string, unknown>> => {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  const read: Record<string, (key: string) => Promise<unknown>> = {
    list: (key) => redis.lrange(key, 0, -1),
    set: (key) => redis.smembers(key),
    zset: (key) => redis.zrange(key, 0, -1, 'WITHSCORES'),
    hash: (key) => redis.hgetall(key),
    string: (key) => redis.get(key),
  };
  try {
    const found: Record<string, unknown> = {};
    for (const key of await redis.keys('*')) found[key] = await read[await redis.type(key)]?.(key);
    return found;
  } finally {
    redis.disconnect();
  }
};

/** The house answers this many of them in one request. */
const AT_ONCE = 25;

/** Adds to each operation what its resident is shown. */
export const askResidents = async (
  operations: readonly Operation[],
  flats: readonly InhabitedFlat[],
): Promise<Operation[]> => {
  const residents = new Map<string, Resident>(
    flats.flatMap(({ inhabitants }) => inhabitants.map(({ resident }) => [resident.user, resident] as const)),
  );
  const shown = new Map<string, string>();
  const asked = [...Map.groupBy(operations, ({ subject }) => subject)].map(async ([subject, own]) => {
    const resident = residents.get(subject);
    for (let first = 0; resident && first < own.length; first += AT_ONCE) {
      const ids = own.slice(first, first + AT_ONCE).map(({ id }) => id);
      for (const [id, state] of await resident.states(ids)) shown.set(id, state);
    }
  });
  await Promise.all(asked);
  return operations.map((operation) => {
    const shownState = shown.get(operation.id);
    return shownState === undefined ? operation : { ...operation, shownState };
  });
};

export const readFlats = (reader: PlatformReader, flats: readonly InhabitedFlat[]): Promise<Flat[]> =>
  Promise.all(
    flats.map(async ({ premisesId, unitId, legacyId, vehiclesVersion: apiVersion }) => ({
      premisesId,
      unitId,
      apiVersion,
      plates: await reader.plates({ apiVersion, unitId, legacyId }),
    })),
  );
