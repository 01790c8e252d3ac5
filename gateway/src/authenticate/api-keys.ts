/** API keys as an operator handles them: given out, listed, replaced and taken back. A key is shown once, when it is made. */
import { type Clock, later, type Random } from '@house/kernel/clock';
import type { Database, Queryable } from '@house/kernel/database';
import type { Log } from '@house/kernel/telemetry';
import { scopesOf } from '@house/schema/roles.ts';
import { z } from 'zod';
import { isNetwork } from './api-key-networks.ts';
import {
  type ApiKeyRecord,
  addApiKey,
  endApiKey,
  findApiKey,
  listApiKeys,
  lockApiKeys,
  revokeApiKey,
} from './api-key-store.ts';
import { createApiKey, writeApiKey } from './api-key-text.ts';
import type { ApiKeyOptions } from './verify-api-key.ts';

/** One in use and one that takes its place. */
const ACTIVE_PER_CLIENT = 2;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LONGEST_DAYS = 90;
const LONGEST_OVERLAP_HOURS = 7 * 24;
const MOST_NETWORKS = 20;
/** What a machine client may hold, whatever its key says. */
const GRANTABLE = scopesOf(['service']);

/** SHA-256 as OpenSSL prints it becomes base64url, as it stands in `x5t#S256`. */
const thumbprint = z
  .string()
  .transform((text) => {
    const digits = text.replaceAll(':', '');
    return /^[0-9a-f]{64}$/i.test(digits) ? Buffer.from(digits, 'hex').toString('base64url') : text;
  })
  .refine((text) => /^[A-Za-z0-9_-]{43}$/.test(text), 'the SHA-256 of a certificate, in base64url or in hexadecimal');

const whole = (what: string, least: number, most: number) => {
  const expected = `a whole number of ${what} from ${least} to ${most}`;
  return z.coerce.number(expected).int(expected).min(least, expected).max(most, expected);
};
export const apiKeyDays = whole('days', 1, LONGEST_DAYS);
export const apiKeyOverlapHours = whole('hours', 0, LONGEST_OVERLAP_HOURS);

/** Lists are written with blanks or commas between their members. */
const listed = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter((word) => word !== ''))];

export const apiKeyTerms = z.strictObject({
  client: z
    .string('needed')
    .regex(/^[a-z0-9][a-z0-9-]{1,62}$/, '2 to 63 small letters, digits and hyphens, no hyphen in front'),
  complex: z.string('needed').regex(/^[A-Za-z0-9_-]{1,100}$/, 'the id of one complex'),
  scopes: z
    .string('needed')
    .transform(listed)
    .refine(
      (scopes) => scopes.length > 0 && scopes.every((scope) => GRANTABLE.has(scope)),
      `of ${[...GRANTABLE].join(' ')}`,
    ),
  networks: z
    .string('needed; anywhere is 0.0.0.0/0,::/0')
    .transform(listed)
    .refine(
      (networks) => networks.length > 0 && networks.length <= MOST_NETWORKS && networks.every(isNetwork),
      `at most ${MOST_NETWORKS} networks such as 192.0.2.0/24 or 2001:db8::/32`,
    ),
  days: apiKeyDays,
  certificate: thumbprint.optional(),
});

export type ApiKeyTerms = z.output<typeof apiKeyTerms>;
export type ShownApiKey = ApiKeyRecord & { readonly state: 'active' | 'expired' | 'revoked' };
/** The only moment in which the key can be seen. */
export type NewApiKey = { readonly key: string; readonly record: ShownApiKey };

/** In words for an operator. */
export class ApiKeyRefusal extends Error {
  override readonly name = 'ApiKeyRefusal';
}

export type ApiKeys = {
  /** @throws ApiKeyRefusal when the client has two active keys already. */
  issue(terms: ApiKeyTerms, actor: string): Promise<NewApiKey>;
  list(client?: string): Promise<ShownApiKey[]>;
  /**
   * Another key on the same terms; the old one ends after the overlap, or earlier if it would have.
   * @param days how long the new one lives; as long as the old one was given when left out.
   * @throws ApiKeyRefusal when it is not active, or has been replaced already.
   */
  rotate(id: string, terms: { overlapHours: number; days?: number | undefined }, actor: string): Promise<NewApiKey>;
  /** Again changes nothing. @throws ApiKeyRefusal when there is none. */
  revoke(id: string, actor: string): Promise<ShownApiKey>;
};

type Given = Pick<ApiKeyRecord, 'client' | 'complex' | 'scopes' | 'networks' | 'certificate' | 'replaces' | 'days'>;

export const createApiKeys = ({
  apiKeys: { peppers, environment },
  database,
  clock,
  random,
  log,
}: {
  apiKeys: ApiKeyOptions;
  database: Database;
  clock: Clock;
  random: Random;
  log: Log;
}): ApiKeys => {
  const stateOf = ({ revokedAt, expiresAt }: ApiKeyRecord): ShownApiKey['state'] => {
    if (revokedAt) return 'revoked';
    return expiresAt <= clock() ? 'expired' : 'active';
  };
  const show = (record: ApiKeyRecord): ShownApiKey => ({ ...record, state: stateOf(record) });

  /** Stored before anybody sees it. */
  const add = async (transaction: Queryable, given: Given, actor: string): Promise<NewApiKey> => {
    await lockApiKeys(transaction);
    const others = await listApiKeys(transaction, given.client);
    const active = others.filter((other) => stateOf(other) === 'active').map(({ id }) => id);
    if (active.length >= ACTIVE_PER_CLIENT)
      throw new ApiKeyRefusal(
        `${given.client} has two active keys already, ${active.join(' and ')}: revoke one first.`,
      );
    const [pepper] = peppers();
    const { id, secret } = createApiKey(random);
    const createdAt = clock();
    const record: ApiKeyRecord = {
      id,
      ...given,
      pepper: pepper.id,
      createdAt,
      createdBy: actor,
      expiresAt: later(createdAt, given.days * DAY_MS),
      revokedAt: null,
      revokedBy: null,
      lastUsedAt: null,
    };
    await addApiKey(transaction, { ...record, secretHash: pepper.hash(secret) });
    return { key: writeApiKey({ id, secret }, environment), record: show(record) };
  };

  const none = (id: string): never => {
    throw new ApiKeyRefusal(`There is no key ${id}; list shows them all.`);
  };

  return {
    issue: async ({ certificate = null, ...terms }, actor) => {
      const issued = await database.transaction((transaction) =>
        add(transaction, { ...terms, certificate, replaces: null }, actor),
      );
      log.info('api-key-issued', { keyId: issued.record.id, client: terms.client });
      return issued;
    },
    list: async (client) => (await listApiKeys(database, client)).map(show),
    rotate: async (id, { overlapHours, days }, actor) => {
      const issued = await database.transaction(async (transaction) => {
        // Before it is judged: a key that is revoked meanwhile is not replaced.
        await lockApiKeys(transaction);
        const old = (await findApiKey(transaction, id)) ?? none(id);
        const state = stateOf(old);
        if (state !== 'active') throw new ApiKeyRefusal(`The key ${id} is ${state}; issue a new one.`);
        const { client, complex, scopes, networks, certificate } = old;
        const given = { client, complex, scopes, networks, certificate, days: days ?? old.days, replaces: id };
        const added = await add(transaction, given, actor);
        await endApiKey(transaction, id, later(added.record.createdAt, overlapHours * HOUR_MS));
        return added;
      });
      const { id: keyId, client } = issued.record;
      log.info('api-key-rotated', { keyId: id, client });
      log.info('api-key-issued', { keyId, client });
      return issued;
    },
    revoke: async (id, actor) => {
      const revoked = (await revokeApiKey(database, id, { now: clock(), actor })) ?? none(id);
      log.info('api-key-revoked', { keyId: id, client: revoked.client });
      return show(revoked);
    },
  };
};
