/**
 * PostgreSQL, one dialect, two drivers: a server (`pg`) or PGlite in this process. Tables are always written with
 * their schema, because both subgraphs share one connection when embedded.
 */
import { openPglite } from './pglite.ts';
import { openPostgres } from './postgres.ts';

export type Row = Record<string, unknown>;

export type Queryable = {
  /**
   * Runs one statement with `$1`-style parameters. Times come back as `Date`, `bigint` columns must be cast.
   * @throws HouseError `BAD_USER_INPUT` for a text that PostgreSQL cannot hold; else the driver's error with its SQLSTATE.
   */
  query<R extends Row = Row>(sql: string, parameters?: readonly unknown[]): Promise<R[]>;
};

export type Database = Queryable & {
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it rejects. Do not nest.
   * @param limits a statement that takes longer is cancelled by a PostgreSQL server; ten seconds when left out.
   */
  transaction<T>(
    work: (transaction: Queryable) => Promise<T>,
    limits?: { readonly statementLimitMs?: number },
  ): Promise<T>;
  /** Runs a script of several statements without parameters. */
  run(script: string): Promise<void>;
  /** The server's own words about itself. */
  version(): Promise<string>;
  close(): Promise<void>;
};

export type DatabaseOptions =
  | {
      url: string;
      /** Told once that the server is not up yet; then it is waited for, half a minute at most. Left out: no waiting. */
      onAbsent?: (error: unknown) => void;
    }
  | { directory: string | 'memory' };

/**
 * Opens the database that the options name. PGlite's folder is held by a lock file: a second process is refused.
 * @throws when the server is not there in time, or at once when it refuses us: a wrong password, no such database.
 */
export const openDatabase = (options: DatabaseOptions): Promise<Database> =>
  'url' in options ? openPostgres(options.url, options) : openPglite(options.directory);

export { migrate } from './migrate.ts';
