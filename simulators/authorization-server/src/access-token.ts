/**
 * What an access token of this server says (contract/run.md «Access tokens»), and the one signature over it.
 */
import { createPrivateKey, sign } from 'node:crypto';
import type { Keys } from './keys.ts';
import type { Person } from './people.ts';

export const ACCESS_TOKEN_SECONDS = 600;
const ACCESS_TOKEN_TYPE = 'at+jwt';

/** How people sign in here: as if with two factors a moment ago, so that step-up never stops a developer. */
export const DEVELOPMENT_ACR = 'urn:house:acr:two-factor';

/** Claims beyond RFC 9068's own. A resident serves no complex, so only staff carry `complexes`. */
export const personClaims = ({ roles, complexes }: Person): Record<string, unknown> => ({
  roles,
  ...(roles.some((role) => role !== 'resident') ? { complexes } : {}),
});
export const serviceClaims = (): Record<string, unknown> => ({ roles: ['service'] });

export type SignToken = (
  claims: Readonly<Record<string, unknown>>,
  header?: Readonly<Record<string, unknown>>,
) => string;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Signs exactly the claims given, right or wrong: for tests of expired, foreign and malformed tokens. Reachable
 * only by who holds the server object; nothing on its HTTP face leads here.
 */
export const createSignToken = (keys: Keys): SignToken => {
  const key = createPrivateKey({ key: keys.signing, format: 'jwk' });
  return (claims, header = {}) => {
    const input = `${part({ alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid: keys.signing.kid, ...header })}.${part(claims)}`;
    return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
};
