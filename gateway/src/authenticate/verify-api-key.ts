/**
 * One API key: what is known of it, and whether it may be used from there and now.
 *
 * What the table says is remembered for ten seconds, so that a key costs no query per request and one that is revoked stops
 * working within that time at every gateway. A key that nobody issued costs the same as a wrong secret: one query at most,
 * one hash, one comparison; however many are invented, they push no real key out of memory.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import type { Queryable } from '@house/kernel/database';
import type { Principal } from '@house/kernel/principal';
import type { Log } from '@house/kernel/telemetry';
import { type Role, scopesOf } from '@house/schema/roles.ts';
import { type Networks, networksOf } from './api-key-networks.ts';
import type { Pepper, Peppers } from './api-key-peppers.ts';
import { findApiKey, noteUseOfApiKey, rehashApiKey, type StoredApiKey } from './api-key-store.ts';
import { type KeyEnvironment, readApiKey } from './api-key-text.ts';

export type ApiKeyOptions = { readonly peppers: Peppers; readonly environment: KeyEnvironment };

export type VerifiedApiKey = {
  readonly principal: Principal;
  /** SHA-256 of the certificate that it is bound to: it is good only on a connection with that one. */
  readonly boundToCertificate?: string;
};

export type ApiKeyFault =
  | 'api-key-malformed'
  | 'api-key-unknown'
  | 'api-key-secret'
  | 'api-key-revoked'
  | 'api-key-expired'
  | 'api-key-network';

export type VerifyApiKey = {
  /** @param address where the request comes from. @throws when the database cannot be asked. */
  verify(text: string, address: string | undefined): Promise<VerifiedApiKey | ApiKeyFault>;
  /** Resolves when nothing is being written any more; call it before the database is closed. */
  settled(): Promise<void>;
};

const KEPT_MS = 10_000;
const KEYS_KEPT = 10_000;
/** Of ids that nothing is known of, or not yet. */
const UNKNOWN_KEPT = 1_000;
const NOTE_EVERY_MS = 60_000;

const ROLES: readonly Role[] = ['service'];
const MAY_HOLD = scopesOf(ROLES);
/** No HMAC comes out as this. */
const NO_HASH = Buffer.alloc(32);

/** Puts it last; the first goes where there is no more room. */
const keep = <T>(entries: Map<string, T>, kept: number, id: string, entry: T): void => {
  entries.delete(id);
  const [oldest] = entries.keys();
  if (entries.size >= kept && oldest !== undefined) entries.delete(oldest);
  entries.set(id, entry);
};

/** No person has such a name: the keys of a client are counted and seen as one. */
const subjectOf = (client: string): string => `client:${client}`;

type Known = StoredApiKey & { readonly isIn: Networks };
type Remembered = { readonly since: Date; readonly known: Promise<Known | undefined>; isNoted: boolean };

const principalOf = ({ id, client, complex, scopes, expiresAt }: Known): Principal => ({
  subject: subjectOf(client),
  clientId: client,
  roles: ROLES,
  scopes: scopes.filter((scope) => MAY_HOLD.has(scope)),
  complexes: [complex],
  tokenId: id,
  expiresAt,
});

export const createVerifyApiKey = ({
  apiKeys: { peppers, environment },
  database,
  clock,
  log,
  keysKept = KEYS_KEPT,
}: {
  apiKeys: ApiKeyOptions;
  database: Queryable;
  clock: Clock;
  log: Log;
  keysKept?: number;
}): VerifyApiKey => {
  const remembered = new Map<string, Remembered>();
  const unknown = new Map<string, Remembered>();
  const writing = new Set<Promise<unknown>>();

  const load = async (id: string): Promise<Known | undefined> => {
    const stored = await findApiKey(database, id);
    return stored && { ...stored, isIn: networksOf(stored.networks) };
  };

  const forget = (id: string, entry: Remembered): void => {
    for (const entries of [remembered, unknown]) if (entries.get(id) === entry) entries.delete(id);
  };

  const recall = (id: string): Remembered => {
    const now = clock();
    const found = remembered.get(id) ?? unknown.get(id);
    // A clock that was set back must not lengthen the life of what was revoked.
    if (found && found.since <= now && now.getTime() - found.since.getTime() < KEPT_MS) return found;
    remembered.delete(id);
    const entry: Remembered = { since: now, known: load(id), isNoted: false };
    keep(unknown, Math.min(UNKNOWN_KEPT, keysKept), id, entry);
    entry.known.then(
      (known) => {
        if (!known) return;
        forget(id, entry);
        keep(remembered, keysKept, id, entry);
      },
      () => forget(id, entry),
    );
    return entry;
  };

  const write = (task: Promise<unknown>): void => {
    const settled = task
      .catch((error: unknown) => log.warn('api-key-use-not-noted', { error }))
      .finally(() => writing.delete(settled));
    writing.add(settled);
  };

  /** Nobody waits for it. What could not be written is written at a later use. */
  const noteUse = (entry: Remembered, known: Known, secret: string, current: Pepper): void => {
    if (entry.isNoted) return;
    entry.isNoted = true;
    const { id, lastUsedAt, pepper } = known;
    const now = clock();
    if (!lastUsedAt || now.getTime() - lastUsedAt.getTime() >= NOTE_EVERY_MS) write(noteUseOfApiKey(database, id, now));
    if (pepper !== current.id)
      write(rehashApiKey(database, { id, from: pepper, pepper: current.id, secretHash: current.hash(secret) }));
  };

  return {
    verify: async (text, address) => {
      const key = readApiKey(text, environment);
      if (!key) return 'api-key-malformed';
      const [current, ...former] = peppers();
      const pepperOf = (stored: Known | undefined) => [current, ...former].find(({ id }) => id === stored?.pepper);
      let entry = recall(key.id);
      let known = await entry.known;
      // Its pepper was taken away: it may stand under another one since it was looked at.
      if (known && !pepperOf(known)) {
        forget(key.id, entry);
        entry = recall(key.id);
        known = await entry.known;
      }
      const pepper = pepperOf(known) ?? current;
      const isSecret = timingSafeEqual(pepper.hash(key.secret), known?.secretHash ?? NO_HASH);
      if (!known) return 'api-key-unknown';
      if (!isSecret) return 'api-key-secret';
      if (known.revokedAt) return 'api-key-revoked';
      if (known.expiresAt <= clock()) return 'api-key-expired';
      if (!known.isIn(address)) return 'api-key-network';
      noteUse(entry, known, key.secret, current);
      return {
        principal: principalOf(known),
        ...(known.certificate !== null && { boundToCertificate: known.certificate }),
      };
    },
    settled: async () => {
      await Promise.all(writing);
    },
  };
};
