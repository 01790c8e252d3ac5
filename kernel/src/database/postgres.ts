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

const queryable = (client: pg.Pool | pg.PoolClient): Queryable => ({
  query: async <R extends Row>(sql: string, parameters: readonly unknown[] = []) => {
    try {
      return (await client.query<R>(sql, [...parameters])).rows;
    } catch (error) {
      throw statementError(error);
    }
  },
});

/** @param answerLimitMs how long a silent server is waited for. */
export const openPostgres = async (url: string, answerLimitMs = ANSWER_LIMIT_MS): Promise<Database> => {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    statement_timeout: STATEMENT_LIMIT_MS,
    query_timeout: answerLimitMs,
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
    transaction: async (work) => {
      const client = await pool.connect();
      let broken: Error | undefined;
      // The pool does not listen while the connection is ours: cut between two statements, it would end the process.
      const onCut = (error: Error): void => {
        broken = error;
      };
      client.on('error', onCut);
      try {
        await client.query('BEGIN');
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
    await database.version();
  } catch (error) {
    await pool.end();
    throw error;
  }
  return database;
};
