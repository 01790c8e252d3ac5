/**
 * How often one plate, and how many plates of one site, are handed to the platform within a day, over everybody who asks.
 * Beyond it a plate goes out later, and nothing that its person sees says so: neither the answer nor the operation.
 */
import { later, type Random } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import { type Deadline, transactInTime } from '@house/kernel/subgraph';
import type { Vault } from '@house/kernel/vault';
import type { Plate } from './rules.ts';

export type PlateLimits = {
  /** Additions of one plate within 24 hours. */
  perPlate: number;
  /** Additions of any plates at one site within 24 hours. */
  perSite: number;
};

const DEFAULT_PLATE_LIMITS: PlateLimits = { perPlate: 5, perSite: 500 };

type Addition = {
  subject: string;
  idempotencyKey: string;
  siteId: number;
  plate: Plate;
  at: Date;
  /** What is not counted within it is not added. */
  deadline: Deadline;
};

export type PlateBudget = {
  /**
   * Counts the addition, once for its subject, key and plate; exactly, however many are counted at once.
   * @returns until when it is kept from the platform; null: it may go out at once. One that got no turn to be counted is kept.
   * @throws HouseError `DEADLINE_EXCEEDED`
   */
  spend(addition: Addition): Promise<Date | null>;
};

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Anywhere between: whoever watches a barrier learns no moment. */
const DELAY_MS = { least: 10 * 60 * 1_000, most: 60 * 60 * 1_000 };

/**
 * For so long an addition waits for those that are counted at this moment, each of which takes a few milliseconds. One that
 * got no turn is beyond the budget: a process that stands still in the middle must not hold up a whole building, nor use up
 * the connections to the database.
 */
const LOCK_LIMIT_MS = 300;
/** PostgreSQL's word for a lock that was not given in that time: nothing of the transaction is kept. */
const LOCK_NOT_AVAILABLE = '55P03';

/** Keeps these locks apart from all others of the database. */
const BUDGET_LOCK = 7_301_209;

export const createPlateBudget = ({
  database,
  vault,
  random,
  limits = DEFAULT_PLATE_LIMITS,
}: {
  database: Database;
  vault: Vault;
  random: Random;
  limits?: PlateLimits | undefined;
}): PlateBudget => {
  const delayMs = (): number => {
    const chance = Buffer.from(random(4)).readUInt32BE() / 0xffff_ffff;
    return Math.round(DELAY_MS.least + chance * (DELAY_MS.most - DELAY_MS.least));
  };
  return {
    spend: async ({ subject, idempotencyKey, siteId, plate, at, deadline }) => {
      const addition = vault.blindIndex(
        // With the plate: one key with another plate is another addition.
        [subject, idempotencyKey, plate.country, plate.canonical].map((part) => `${part.length}:${part}`).join(''),
        'plate-addition',
      );
      const index = vault.blindIndex(`${plate.country}:${plate.canonical}`, 'plate-budget');
      // The same work whatever is known: drawn even where it will not be needed.
      const until = later(at, delayMs());
      const isBeyond = await transactInTime(database, deadline, async (transaction) => {
        await transaction.query(`SET LOCAL lock_timeout = ${LOCK_LIMIT_MS}`);
        // `seq` must be drawn in the order in which others see it. First the plate, then the site, whoever asks.
        for (const name of [index.toString('hex'), `site|${siteId}`])
          await transaction.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [BUDGET_LOCK, name]);
        await transaction.query(
          `DELETE FROM smart_home.plate_additions WHERE seq IN (SELECT seq FROM smart_home.plate_additions
             WHERE added_at < $1 ORDER BY added_at LIMIT 20 FOR UPDATE SKIP LOCKED)`,
          [later(at, -2 * DAY_MS)],
        );
        await transaction.query(
          `INSERT INTO smart_home.plate_additions (addition, plate_index, site_id, added_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (addition) DO NOTHING`,
          [addition, index, siteId, at],
        );
        // Of the same key by its first place: a repeat must not be judged by what came after it.
        const [row] = await transaction.query<{ ofPlate: number; ofSite: number }>(
          `SELECT
             (SELECT count(*)::int FROM (SELECT 1 FROM smart_home.plate_additions one WHERE one.plate_index = own.plate_index
                AND one.seq <= own.seq AND one.added_at > own.added_at - interval '1 day' LIMIT $2) counted) AS "ofPlate",
             (SELECT count(*)::int FROM (SELECT 1 FROM smart_home.plate_additions one WHERE one.site_id = own.site_id
                AND one.seq <= own.seq AND one.added_at > own.added_at - interval '1 day' LIMIT $3) counted) AS "ofSite"
           FROM smart_home.plate_additions own WHERE own.addition = $1`,
          [addition, limits.perPlate + 1, limits.perSite + 1],
        );
        return row !== undefined && (row.ofPlate > limits.perPlate || row.ofSite > limits.perSite);
      }).catch((error: unknown) => {
        if ((error as { code?: unknown })?.code !== LOCK_NOT_AVAILABLE) throw error;
        return true;
      });
      return isBeyond ? until : null;
    },
  };
};
