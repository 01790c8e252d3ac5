/** What is kept of webhooks: events, whether one is missing, and the secrets by which deliveries are checked. */
import { type Clock, later } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { Vault } from '@house/kernel/vault';
import type { PlatformEvent, UnknownEvent } from './event.ts';

/** Clocks of two machines differ by less; a claim that lies further ahead is of a clock that has been set back since. */
const CLOCKS_APART_MS = 60_000;
/** What is looked at of one site at a time. */
const WALK_LIMIT = 1_000;

export type SigningSecret = { subscriptionId: string; key: string; since: Date; validUntil: Date | null };

/** A site of which something is missing. */
export type Gap = {
  siteId: number;
  /** When the last event before it happened. */
  wholeAt: Date;
  /** The sequences that are missing. */
  missing: { from: number; to: number };
  /** When the first event after it was received. */
  noticedAt: Date;
  /** How many replays were asked for because of it. */
  asked: number;
};

export type InboundStore = {
  /** False when it is known already. */
  put(event: PlatformEvent | UnknownEvent, body: Uint8Array): Promise<boolean>;
  /** Of all sites of which something is missing; what has come meanwhile is missing no more. */
  gaps(): Promise<Gap[]>;
  /** Whether it is our turn to ask for a replay: false when somebody had it after `askedAfter`. */
  ask(gaps: readonly Gap[], askedAfter: Date): Promise<boolean>;
  /** A replay of these was asked for. */
  asked(gaps: readonly Gap[]): Promise<void>;
  /** What is missing is waited for no more. */
  giveUp(gap: Gap): Promise<void>;
  /** When the last event happened that nothing before is missing of, at whichever site that is longest ago. */
  wholeSince(): Promise<Date | undefined>;
  /** `limit` events at most that were received before. */
  forget(before: Date, limit: number): Promise<void>;

  /** Those that may be used now. */
  secrets(): Promise<SigningSecret[]>;
  /** From now on; those before count until `previousUntil`. */
  remember(subscriptionId: string, secret: string, previousUntil: Date): Promise<void>;

  /**
   * Takes the subscription in hand until `claim`, unless somebody has or it was found in order after `lookedAfter`. Answers
   * with its name, null for none.
   */
  claim(claim: Date, lookedAfter: Date): Promise<{ subscriptionId: string | null } | undefined>;
  /** Whether it was found in order after that. */
  wasInOrder(after: Date): Promise<boolean>;
  name(subscriptionId: string): Promise<void>;
  release(claim: Date, lookedAt: Date | null): Promise<void>;
};

type EventRow = { sequence: number; occurred_at: Date; received_at: Date };
type SequenceRow = {
  site_id: number;
  since: Date;
  whole_to: number;
  whole_at: Date;
  asked: number;
};
type SecretRow = { subscription_id: string; secret_sealed: Uint8Array; since: Date; valid_until: Date | null };

const contextOf = (subscriptionId: string): string => `webhook-secret.secret|${subscriptionId}`;

const sitesOf = (gaps: readonly Gap[]): number[] => gaps.map(({ siteId }) => siteId);

/** Up to which event each follows the other, and the first that does not. */
const followed = ({ whole_to, whole_at }: SequenceRow, found: readonly EventRow[]) => {
  let [to, at] = [whole_to, whole_at];
  for (const event of found) {
    if (event.sequence > to + 1) return { to, at, next: event };
    [to, at] = [event.sequence, event.occurred_at];
  }
  return { to, at, next: undefined };
};

const createSequences = ({
  database,
  clock,
}: {
  database: Pick<Database, 'query'>;
  clock: Clock;
}): Pick<InboundStore, 'gaps' | 'ask' | 'asked' | 'giveUp' | 'wholeSince'> => {
  /** Goes on as long as one follows the other; undefined when nothing is missing. */
  const walk = async (row: SequenceRow): Promise<Gap | undefined> => {
    const found = await database.query<EventRow>(
      `SELECT sequence::float8 AS sequence, occurred_at, received_at FROM smart_home.platform_events
       WHERE site_id = $1 AND sequence > $2 AND received_at >= $3 ORDER BY sequence LIMIT $4`,
      [row.site_id, row.whole_to, row.since, WALK_LIMIT],
    );
    const { to, at, next } = followed(row, found);
    const hasMoved = to > row.whole_to;
    if (hasMoved)
      await database.query(
        `UPDATE smart_home.platform_sequences SET whole_to = $2, whole_at = $3, asked = 0
         WHERE site_id = $1 AND whole_to < $2`,
        [row.site_id, to, at],
      );
    return (
      next && {
        siteId: row.site_id,
        wholeAt: at,
        missing: { from: to + 1, to: next.sequence - 1 },
        noticedAt: next.received_at,
        asked: hasMoved ? 0 : row.asked,
      }
    );
  };

  return {
    gaps: async () => {
      const rows = await database.query<SequenceRow>(
        `SELECT site_id, since, whole_to::float8 AS whole_to, whole_at, asked
         FROM smart_home.platform_sequences ORDER BY site_id`,
      );
      const gaps: Gap[] = [];
      for (const row of rows) {
        const gap = await walk(row);
        if (gap) gaps.push(gap);
      }
      return gaps;
    },
    ask: async (gaps, askedAfter) => {
      const rows = await database.query(
        `UPDATE smart_home.platform_sequences SET asked_at = $2
         WHERE site_id = ANY($1) AND (asked_at IS NULL OR asked_at <= $3 OR asked_at > $2)
           AND NOT EXISTS (SELECT 1 FROM smart_home.platform_sequences WHERE asked_at > $3 AND asked_at <= $2)
         RETURNING site_id`,
        [sitesOf(gaps), clock(), askedAfter],
      );
      return rows.length > 0;
    },
    asked: async (gaps) => {
      await database.query('UPDATE smart_home.platform_sequences SET asked = asked + 1 WHERE site_id = ANY($1)', [
        sitesOf(gaps),
      ]);
    },
    giveUp: async ({ siteId, missing }) => {
      await database.query(
        `UPDATE smart_home.platform_sequences SET whole_to = $3, asked = 0
         WHERE site_id = $1 AND whole_to = $2`,
        [siteId, missing.from - 1, missing.to],
      );
    },
    wholeSince: async () => {
      const [row] = await database.query<{ at: Date | null }>(
        'SELECT min(whole_at) AS at FROM smart_home.platform_sequences',
      );
      return row?.at ?? undefined;
    },
  };
};

const createEvents = ({
  database,
  vault,
  clock,
}: {
  database: Pick<Database, 'query'>;
  vault: Pick<Vault, 'seal'>;
  clock: Clock;
}): Pick<InboundStore, 'put' | 'forget'> => ({
  put: async (event, body) => {
    const { id, type, siteId, sequence, occurredAt } = event;
    // A replay is mostly of what is known: it is not sealed only to be thrown away.
    const known = await database.query('SELECT 1 FROM smart_home.platform_events WHERE id = $1', [id]);
    if (known.length > 0) return false;
    const rows = await database.query(
      `WITH stored AS (
         INSERT INTO smart_home.platform_events (id, type, site_id, sequence, occurred_at, received_at, body_sealed)
         VALUES ($1, $2, $3, $4,
           -- Of one that does not say when, no later than it can have been: a replay is to begin before it.
           coalesce($5::timestamptz, (SELECT whole_at FROM smart_home.platform_sequences WHERE site_id = $3), $6),
           $6, $7)
         ON CONFLICT (id) DO NOTHING RETURNING id, occurred_at
       ), begun AS (
         INSERT INTO smart_home.platform_sequences (site_id, since, whole_to, whole_at)
         SELECT $3, $6, $4, occurred_at FROM stored ON CONFLICT (site_id) DO NOTHING
       )
       SELECT id FROM stored`,
      [
        id,
        type,
        siteId,
        sequence,
        occurredAt,
        clock(),
        vault.seal(Buffer.from(body).toString('utf8'), `platform-event.body|${id}`),
      ],
    );
    return rows.length > 0;
  },
  forget: async (before, limit) => {
    await database.query(
      `DELETE FROM smart_home.platform_events WHERE id IN (
         SELECT id FROM smart_home.platform_events WHERE received_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
       )`,
      [before, limit],
    );
  },
});

const createSecrets = ({
  database,
  vault,
  clock,
}: {
  database: Database;
  vault: Vault;
  clock: Clock;
}): Pick<InboundStore, 'secrets' | 'remember'> => {
  /** One that does not open was sealed by another key, and is none. */
  const open = ({ subscription_id: id, secret_sealed: sealed }: SecretRow): string | undefined => {
    try {
      return vault.open(sealed, contextOf(id));
    } catch {
      return undefined;
    }
  };
  return {
    secrets: async () => {
      const rows = await database.query<SecretRow>(
        `SELECT subscription_id, secret_sealed, since, valid_until FROM smart_home.webhook_secrets
         WHERE valid_until IS NULL OR valid_until > $1 ORDER BY id DESC`,
        [clock()],
      );
      return rows.flatMap((row) => {
        const key = open(row);
        return key === undefined
          ? []
          : { subscriptionId: row.subscription_id, key, since: row.since, validUntil: row.valid_until };
      });
    },
    remember: (subscriptionId, secret, previousUntil) =>
      database.transaction(async (transaction) => {
        const now = clock();
        await transaction.query('DELETE FROM smart_home.webhook_secrets WHERE valid_until <= $1', [now]);
        await transaction.query('UPDATE smart_home.webhook_secrets SET valid_until = $1 WHERE valid_until IS NULL', [
          previousUntil,
        ]);
        await transaction.query(
          'INSERT INTO smart_home.webhook_secrets (subscription_id, secret_sealed, since) VALUES ($1, $2, $3)',
          [subscriptionId, vault.seal(secret, contextOf(subscriptionId)), now],
        );
      }),
  };
};

/** @param clientId who we are to the platform: each account has a subscription of its own. */
export const createInboundStore = (deps: {
  database: Database;
  vault: Vault;
  clientId: string;
  clock: Clock;
}): InboundStore => {
  const { database, clientId, clock } = deps;
  return {
    ...createEvents(deps),
    ...createSequences(deps),
    ...createSecrets(deps),
    claim: async (claim, lookedAfter) => {
      const [row] = await database.query<{ subscriptionId: string | null }>(
        `INSERT INTO smart_home.webhook_subscriptions AS s (client_id, claimed_until) VALUES ($1, $2)
         ON CONFLICT (client_id) DO UPDATE SET claimed_until = EXCLUDED.claimed_until
           WHERE (s.claimed_until <= $3 OR s.claimed_until > $4)
             AND (s.looked_at IS NULL OR s.looked_at <= $5 OR s.looked_at > $4)
         RETURNING subscription_id AS "subscriptionId"`,
        [clientId, claim, clock(), later(claim, CLOCKS_APART_MS), lookedAfter],
      );
      return row;
    },
    wasInOrder: async (after) => {
      const [row] = await database.query(
        'SELECT client_id FROM smart_home.webhook_subscriptions WHERE client_id = $1 AND looked_at > $2',
        [clientId, after],
      );
      return row !== undefined;
    },
    name: async (subscriptionId) => {
      await database.query('UPDATE smart_home.webhook_subscriptions SET subscription_id = $2 WHERE client_id = $1', [
        clientId,
        subscriptionId,
      ]);
    },
    release: async (claim, lookedAt) => {
      await database.query(
        `UPDATE smart_home.webhook_subscriptions SET claimed_until = $3, looked_at = $4
         WHERE client_id = $1 AND claimed_until = $2`,
        [clientId, claim, clock(), lookedAt],
      );
    },
  };
};
