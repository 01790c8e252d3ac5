/** An intent takes effect once per subject and idempotency key: the key is written with the effect, or not at all. */
import type { Clock } from '@house/kernel/clock';
import type { Database, Queryable } from '@house/kernel/database';
import { HouseError } from '@house/kernel/errors';
import { fingerprint, requireIdempotencyKey } from '@house/kernel/idempotency';
import { type Deadline, transactInTime } from '@house/kernel/subgraph';

export type Intent = {
  kind: string;
  subject: string;
  idempotencyKey: string;
  /** The input as it was sent, without the key: a repeat must be equal to it. */
  input: Readonly<Record<string, unknown>>;
  /** Of the request: what is not done within it is not done. */
  deadline: Deadline;
  /**
   * Decides and writes, through `transaction` alone. A refusal is thrown, and then nothing is stored and the key stays
   * unused. @returns the id of what was made or changed.
   */
  effect: (transaction: Queryable, now: Date) => Promise<string>;
};

/**
 * @returns the id that the effect gave; the first one's when the key was used with the same input.
 * @throws HouseError `IDEMPOTENCY_KEY_REUSED` when it was used with another; `DEADLINE_EXCEEDED`, and then nothing is
 * stored and the key stays unused.
 */
export type Once = (intent: Intent) => Promise<string>;

/** Keeps the locks of keys apart from all others of the database. */
const KEY_LOCK = 7_301_206;

export const createOnce =
  ({ database, clock }: { database: Database; clock: Clock }): Once =>
  async ({ kind, subject, idempotencyKey, input, deadline, effect }) => {
    requireIdempotencyKey(idempotencyKey);
    const inputSha256 = fingerprint(kind, input);
    return transactInTime(database, deadline, async (transaction) => {
      // A repeat that comes meanwhile waits until it can see what became of the first.
      await transaction.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [
        KEY_LOCK,
        `${subject}|${idempotencyKey}`,
      ]);
      const [used] = await transaction.query<{ input_sha256: Uint8Array; result_id: string }>(
        'SELECT input_sha256, result_id FROM owners.idempotency_keys WHERE subject = $1 AND key = $2',
        [subject, idempotencyKey],
      );
      if (used && !inputSha256.equals(used.input_sha256))
        throw new HouseError('IDEMPOTENCY_KEY_REUSED', { path: ['input', 'idempotencyKey'] });
      if (used) return used.result_id;
      const now = clock();
      const resultId = await effect(transaction, now);
      await transaction.query(
        `INSERT INTO owners.idempotency_keys (subject, key, input_sha256, result_id, created_at)
         VALUES ($1, $2, $3, $4, $5)`,
        [subject, idempotencyKey, inputSha256, resultId, now],
      );
      return resultId;
    });
  };
