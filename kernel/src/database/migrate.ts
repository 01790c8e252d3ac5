import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './database.ts';

/** One key for all: two services that start together migrate one after the other. */
const MIGRATION_LOCK = 7_301_204;

/**
 * Applies the numbered scripts (`NNNN-name.sql`) of `directory` that `schema` does not have yet, in order, each in its
 * own transaction together with its record. A script that was applied must not change afterwards.
 * @throws when an applied script's content differs from the file.
 */
export const migrate = async (
  database: Database,
  { schema, directory }: { schema: string; directory: string },
): Promise<void> => {
  const files = (await readdir(directory)).filter((file) => /^\d{4}-[a-z0-9-]+\.sql$/.test(file)).sort();
  await database.transaction(async (transaction) => {
    await transaction.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await transaction.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await transaction.query(
      `CREATE TABLE IF NOT EXISTS ${schema}.migrations (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
  });
  for (const file of files) {
    const script = await readFile(join(directory, file), 'utf8');
    const sha256 = createHash('sha256').update(script).digest('hex');
    await database.transaction(async (transaction) => {
      await transaction.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
      const [applied] = await transaction.query<{ sha256: string }>(
        `SELECT sha256 FROM ${schema}.migrations WHERE name = $1`,
        [file],
      );
      if (applied) {
        if (applied.sha256 !== sha256)
          throw new Error(`Migration ${schema}/${file} was changed after it was applied; add a new one instead.`);
        return;
      }
      for (const statement of statements(script)) await transaction.query(statement);
      await transaction.query(`INSERT INTO ${schema}.migrations (name, sha256) VALUES ($1, $2)`, [file, sha256]);
    });
  }
};

/** Statements end with a semicolon at the end of a line; our scripts hold no functions with bodies. */
const statements = (script: string): string[] =>
  script
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
