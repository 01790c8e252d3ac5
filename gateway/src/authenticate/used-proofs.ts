/**
 * The proofs that requests were made with: each is good for one document that changes something, and for none that was seen
 * with a request before. They stand in PostgreSQL before anything has an
 * effect, for all gateways and all subgraphs (decision 0011); Redis has no part in it.
 */
import { createHash } from 'node:crypto';
import { type Clock, later } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { Log } from '@house/kernel/telemetry';
import type { Proof } from './dpop-proof.ts';

export type UsedProofs = {
  /**
   * Uses the proof up. @returns false when it was used before; of several at once one gets true.
   * @throws when the database cannot be asked; whether it was used up is not known then.
   */
  use(proof: Proof): Promise<boolean>;
  /**
   * Remembers the proof of a request that changes nothing, so that whoever has read it cannot change anything with it.
   * This process knows it at once, whatever becomes of the database; the other gateways when it is written, for which nobody
   * waits. A proof that `use` or `note` has had is not written again.
   */
  note(proof: Proof): void;
  /** Resolves when nothing is being forgotten any more; call it before the database is closed. */
  settled(): Promise<void>;
};

/** Kept for longer than a proof is good: a clock may be set back, and another gateway's may be behind. */
const KEPT_LONGER_MS = 10 * 60_000;
/** Old rows go by the way, not with each request: this often, so many at a time. */
const FORGET_PAUSE_MS = 10_000;
const FORGET_BATCH = 1_000;
const FORGET_BATCHES = 20;
/** Notes under way at once; what comes beyond is known to this process only. */
const NOTES_LIMIT = 1_000;
/** Of requests that change nothing, in this process; the oldest goes first. */
const SEEN_KEPT = 100_000;

const USE = `INSERT INTO gateway.used_proofs (key_thumbprint, jti_hash, until) VALUES ($1, $2, $3)
  ON CONFLICT DO NOTHING RETURNING 1 AS used`;

const FORGET = `DELETE FROM gateway.used_proofs WHERE (key_thumbprint, jti_hash) IN (
    SELECT key_thumbprint, jti_hash FROM gateway.used_proofs
    WHERE until < $1 ORDER BY until LIMIT ${FORGET_BATCH} FOR UPDATE SKIP LOCKED
  ) RETURNING 1 AS forgotten`;

export const createUsedProofs = ({
  database,
  clock,
  log,
}: {
  database: Pick<Database, 'query'>;
  clock: Clock;
  log: Log;
}): UsedProofs => {
  let forgottenAt: Date | undefined;
  let underWay: Promise<void> | undefined;

  const forget = async (): Promise<void> => {
    for (let batch = 0; batch < FORGET_BATCHES; batch += 1) {
      const forgotten = await database.query(FORGET, [clock()]);
      if (forgotten.length < FORGET_BATCH) return;
    }
  };

  /** Nobody waits for it, and a failure waits for the next time. */
  const forgetInTime = (): void => {
    const now = clock();
    if (underWay || (forgottenAt && Math.abs(now.getTime() - forgottenAt.getTime()) < FORGET_PAUSE_MS)) return;
    forgottenAt = now;
    underWay = forget()
      .catch((error: unknown) => log.warn('used-proofs-not-forgotten', { error }))
      .finally(() => {
        underWay = undefined;
      });
  };

  const had = new WeakSet<Proof>();
  const notes = new Set<Promise<void>>();
  const seen = new Map<string, Date>();
  const nameOf = ({ key, id }: Proof): string => `${key} ${id}`;

  const see = (proof: Proof): void => {
    const now = clock();
    for (const [name, goodUntil] of seen) {
      if (goodUntil > now && seen.size < SEEN_KEPT) break;
      seen.delete(name);
    }
    seen.set(nameOf(proof), later(proof.goodUntil, KEPT_LONGER_MS));
  };

  const put = async (proof: Proof): Promise<boolean> => {
    had.add(proof);
    const { key, id, goodUntil } = proof;
    const digest = createHash('sha256').update(id).digest();
    const rows = await database.query(USE, [key, digest, later(goodUntil, KEPT_LONGER_MS)]);
    forgetInTime();
    return rows.length === 1;
  };

  return {
    use: async (proof) => {
      if (!seen.has(nameOf(proof))) return put(proof);
      had.add(proof);
      return false;
    },
    note: (proof) => {
      if (had.has(proof)) return;
      see(proof);
      if (notes.size >= NOTES_LIMIT) return log.warn('proof-not-noted');
      const noting: Promise<void> = put(proof)
        .then(() => undefined)
        .catch((error: unknown) => log.warn('proof-not-noted', { error }))
        .finally(() => notes.delete(noting));
      notes.add(noting);
    },
    settled: async () => {
      await Promise.all(notes);
      await underWay;
    },
  };
};
