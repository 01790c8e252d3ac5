/**
 * Who is locked out after failed guesses: in PostgreSQL, for all gateways, so that neither a wiped Redis nor a restart of
 * everything unlocks anybody. A key is a digest of who guessed and at what; never of a target alone, or an attacker could
 * lock an owner out of the own door.
 */
import type { Clock } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import { afterFailure, lockedMs, type Standing } from './lockout-rule.ts';
import type { LockoutPolicy } from './policy.ts';

export type Locked = LockoutPolicy & { readonly key: string };

export type Lockouts = {
  /**
   * One query by primary key.
   * @returns the milliseconds for which each is still locked; who is not is left out.
   * @throws when the database cannot be asked.
   */
  locked(asked: readonly Locked[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Counts a failed guess; several at once are counted one after another.
   * @param policy a name, for whoever reads the table.
   * @returns the milliseconds for which the key is locked now.
   */
  failed(guess: Locked & { readonly policy: string }): Promise<number>;
};

const STATEMENT_LIMIT_MS = 2_000;
const REMOVED_AT_ONCE = 100;

const COLUMNS = `failures, failing_since AS "failingSince", level, locked_until AS "lockedUntil",
  forgotten_at AS "forgottenAt"`;

export const createLockouts = ({ database, clock }: { database: Database; clock: Clock }): Lockouts => {
  const count = ({ key, policy, ...limits }: Locked & { policy: string }): Promise<number> =>
    database.transaction(
      async (transaction) => {
        const now = clock();
        // Made or locked, in one statement: the next guess of the same key waits for this one.
        const [known] = await transaction.query<Standing>(
          `INSERT INTO gateway.lockouts AS known (key, policy, forgotten_at) VALUES ($1, $2, $3)
           ON CONFLICT (key) DO UPDATE SET key = known.key RETURNING ${COLUMNS}`,
          [key, policy, now],
        );
        const next = afterFailure(known, limits, now);
        await transaction.query(
          `UPDATE gateway.lockouts SET failures = $2, failing_since = $3, level = $4, locked_until = $5,
             forgotten_at = $6 WHERE key = $1`,
          [key, next.failures, next.failingSince, next.level, next.lockedUntil, next.forgottenAt],
        );
        return lockedMs(next, limits, now);
      },
      { statementLimitMs: STATEMENT_LIMIT_MS },
    );

  const removeForgotten = (): Promise<unknown> =>
    database.query(
      `DELETE FROM gateway.lockouts WHERE key IN (
         SELECT key FROM gateway.lockouts WHERE forgotten_at < $1 LIMIT ${REMOVED_AT_ONCE} FOR UPDATE SKIP LOCKED)`,
      [clock()],
    );

  return {
    locked: async (asked) => {
      const rows = await database.query<Standing & { key: string }>(
        `SELECT key, ${COLUMNS} FROM gateway.lockouts WHERE key = ANY($1::text[])`,
        [asked.map(({ key }) => key)],
      );
      const now = clock();
      const byKey = new Map(rows.map((row) => [row.key, row]));
      const waits = asked.map((one): [string, number] => {
        const known = byKey.get(one.key);
        return [one.key, known ? lockedMs(known, one, now) : 0];
      });
      return new Map(waits.filter(([, waitMs]) => waitMs > 0));
    },
    failed: async (guess) => {
      const waitMs = await count(guess);
      // Only where somebody is locked, which is rare; what is left over now is removed then.
      if (waitMs > 0) await removeForgotten().catch(() => undefined);
      return waitMs;
    },
  };
};
