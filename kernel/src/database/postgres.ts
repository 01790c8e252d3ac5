import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Database, Queryable, Row } from './database.ts';
import { statementError } from './statement-error.ts';

/** Enough for two subgraphs and a worker on one machine; PostgreSQL's own default limit is 100. */
const POOL_SIZE = 20;
const CONNECT_LIMIT_MS = 5_000;
/** No statement of ours takes longer; one that does is stuck. */
const STATEMENT_LIMIT_MS = 10_000;
/** Longer than the server's own limit: a server that does not even say so is gone, and its connection with it. */
const ANSWER_LIMIT_MS = 12_000;

/** A server that restarts is back by then. */
const ABSENT_LIMIT_MS = 30_000;
/** Doubled from try to try, and each time anything up to it: services that start together do not all knock at once. */
const PAUSE_MS = { first: 200, longest: 2_000 };

/** What is said where no server listens, or where one starts, stops, or cannot take one more connection yet. */
const ABSENT: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  '57P01',
  '57P02',
  '57P03',
  '53300',
]);
/** pg has no code for these. */
const ABSENT_WORDS = /^Connection terminated|^timeout exceeded when trying to connect|^timeout expired/;

const isAbsent = (error: unknown): boolean => {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === undefined ? ABSENT_WORDS.test(String(message)) : ABSENT.has(code);
};

/** @throws what `knock` does, when the server refuses us or is still absent in the end. */
const untilPresent = async (
  knock: () => Promise<unknown>,
  address: string,
  { onAbsent, absentLimitMs = ABSENT_LIMIT_MS }: PostgresOptions,
): Promise<void> => {
  const end = performance.now() + absentLimitMs;
  let told = false;
  for (let pauseMs = PAUSE_MS.first; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest)) {
    try {
      return void (await knock());
    } catch (error) {
      if (!onAbsent || !isAbsent(error)) throw error;
      if (performance.now() >= end)
        throw new Error(
          `PostgreSQL at ${address} was not there within ${absentLimitMs / 1_000} s: ${(error as Error).message}`,
          { cause: error },
        );
      if (!told) onAbsent(error);
      told = true;
    }
    await delay(randomInt(1, pauseMs + 1));
  }
};

/** In one message, so that the limit costs no time of its own. */
const begin = (statementLimitMs = STATEMENT_LIMIT_MS): string =>
  statementLimitMs < STATEMENT_LIMIT_MS
    ? `BEGIN; SET LOCAL statement_timeout = ${Math.max(1, Math.ceil(statementLimitMs))}`
    : 'BEGIN';

const queryable = (client: pg.Pool | pg.PoolClient): Queryable => ({
  query: async <R extends Row>(sql: string, parameters: readonly unknown[] = []) => {
    try {
      return (await client.query<R>(sql, [...parameters])).rows;
    } catch (error) {
      throw statementError(error);
    }
  },
});

export type PostgresOptions = {
  /** How long a silent server is waited for. */
  answerLimitMs?: number;
  /** Told once that there is no server yet; then it is waited for. Left out: it is not waited for. */
  onAbsent?: (error: unknown) => void;
  absentLimitMs?: number;
};

export const openPostgres = async (url: string, options: PostgresOptions = {}): Promise<Database> => {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    statement_timeout: STATEMENT_LIMIT_MS,
    query_timeout: options.answerLimitMs ?? ANSWER_LIMIT_MS,
    // A process that froze or lost its network within a transaction must not keep its locks.
    idle_in_transaction_session_timeout: STATEMENT_LIMIT_MS,
    keepAlive: true,
    application_name: 'tenant-smart-home-app',
  });
  // An idle connection that breaks is replaced by the next checkout; without a listener it would end the process.
  pool.on('error', () => undefined);
  // Nor does the pool listen between handing a connection out and our first statement on it.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  const database: Database = {
    ...queryable(pool),
    transaction: async (work, { statementLimitMs } = {}) => {
      const client = await pool.connect();
      let broken: Error | undefined;
      // The pool does not listen while the connection is ours: cut between two statements, it would end the process.
      const onCut = (error: Error): void => {
        broken = error;
      };
      client.on('error', onCut);
      try {
        await client.query(begin(statementLimitMs));
        const result = await work(queryable(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((rollbackError: Error) => {
          broken = rollbackError;
        });
        throw error;
      } finally {
        client.off('error', onCut);
        client.release(broken);
      }
    },
    run: async (script) => void (await pool.query(script)),
    version: async () => String((await pool.query<{ version: string }>('SELECT version()')).rows[0]?.version),
    close: () => pool.end(),
  };
  try {
    const { host } = new URL(url);
    await untilPresent(database.version, host, options);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return database;
};
