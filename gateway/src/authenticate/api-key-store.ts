/** The table of API keys. Of a secret it knows only what a pepper made of it. */
import type { Queryable } from '@house/kernel/database';

export type ApiKeyRecord = {
  readonly id: string;
  readonly client: string;
  readonly complex: string;
  readonly scopes: readonly string[];
  readonly networks: readonly string[];
  readonly certificate: string | null;
  /** The id of the pepper that the hash was made with. */
  readonly pepper: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** For how many it was given out; less is left of one that was replaced. */
  readonly days: number;
  readonly expiresAt: Date;
  readonly replaces: string | null;
  readonly revokedAt: Date | null;
  readonly revokedBy: string | null;
  readonly lastUsedAt: Date | null;
};

export type StoredApiKey = ApiKeyRecord & { readonly secretHash: Uint8Array };

const SHOWN = `id, client, complex, scopes, networks, certificate, pepper, created_at AS "createdAt",
  created_by AS "createdBy", days, expires_at AS "expiresAt", replaces, revoked_at AS "revokedAt", revoked_by AS "revokedBy",
  last_used_at AS "lastUsedAt"`;

export const findApiKey = async (database: Queryable, id: string): Promise<StoredApiKey | undefined> => {
  const [found] = await database.query<StoredApiKey>(
    `SELECT ${SHOWN}, secret_hash AS "secretHash" FROM gateway.api_keys WHERE id = $1`,
    [id],
  );
  return found;
};

/** Those of one client, or all; the newest last. */
export const listApiKeys = (database: Queryable, client?: string): Promise<ApiKeyRecord[]> =>
  database.query<ApiKeyRecord>(
    `SELECT ${SHOWN} FROM gateway.api_keys WHERE $1::text IS NULL OR client = $1 ORDER BY client, created_at, id`,
    [client ?? null],
  );

export const addApiKey = (database: Queryable, key: StoredApiKey): Promise<unknown> =>
  database.query(
    `INSERT INTO gateway.api_keys (id, client, complex, scopes, networks, certificate, pepper, secret_hash, created_at,
       created_by, days, expires_at, replaces) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      key.id,
      key.client,
      key.complex,
      key.scopes,
      key.networks,
      key.certificate,
      key.pepper,
      Buffer.from(key.secretHash),
      key.createdAt,
      key.createdBy,
      key.days,
      key.expiresAt,
      key.replaces,
    ],
  );

/** Until the end of the transaction nobody else changes how many keys a client has. */
export const lockApiKeys = (transaction: Queryable): Promise<unknown> =>
  transaction.query('LOCK TABLE gateway.api_keys IN SHARE ROW EXCLUSIVE MODE');

/** Brings the end nearer, never further away. */
export const endApiKey = (database: Queryable, id: string, expiresAt: Date): Promise<unknown> =>
  database.query('UPDATE gateway.api_keys SET expires_at = least(expires_at, $2) WHERE id = $1', [id, expiresAt]);

/** The first revocation stands. @returns undefined where there is no such key. */
export const revokeApiKey = async (
  database: Queryable,
  id: string,
  { now, actor }: { now: Date; actor: string },
): Promise<ApiKeyRecord | undefined> => {
  const [revoked] = await database.query<ApiKeyRecord>(
    `UPDATE gateway.api_keys SET revoked_at = coalesce(revoked_at, $2), revoked_by = coalesce(revoked_by, $3)
     WHERE id = $1 RETURNING ${SHOWN}`,
    [id, now, actor],
  );
  return revoked;
};

export const noteUseOfApiKey = (database: Queryable, id: string, now: Date): Promise<unknown> =>
  database.query('UPDATE gateway.api_keys SET last_used_at = greatest(last_used_at, $2) WHERE id = $1', [id, now]);

/** Stores the same secret under another pepper, unless somebody else has. */
export const rehashApiKey = (
  database: Queryable,
  { id, from, pepper, secretHash }: { id: string; from: string; pepper: string; secretHash: Uint8Array },
): Promise<unknown> =>
  database.query('UPDATE gateway.api_keys SET pepper = $3, secret_hash = $4 WHERE id = $1 AND pepper = $2', [
    id,
    from,
    pepper,
    Buffer.from(secretHash),
  ]);
