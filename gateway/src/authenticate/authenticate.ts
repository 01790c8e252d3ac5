/** Who are you? An access token in, a principal out; the same refusal for every fault. */
import type { Clock } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import { HttpRefusal } from '../refusal.ts';
import type { RequestStep } from '../request-path.ts';
import { readAccessReason } from './access-reason.ts';
import type { Keys } from './keys.ts';
import { rememberVerified } from './remember-verified.ts';
import { createVerifyToken } from './verify-token.ts';

/** A token bound to a key comes under the scheme `DPoP` (RFC 9449 §7.1). */
const CREDENTIALS = /^(?:Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i;

/** Says whether a token was missing or not accepted, and no more (RFC 6750 §3.1). */
const refuse = (wasGiven: boolean): HttpRefusal =>
  new HttpRefusal('UNAUTHENTICATED', {
    headers: { 'www-authenticate': wasGiven ? 'Bearer error="invalid_token"' : 'Bearer' },
  });

/** @throws HttpRefusal `UNAUTHENTICATED`, or `SERVICE_UNAVAILABLE` while no token can be verified. */
export const createAuthenticate = ({
  keys,
  issuer,
  audience,
  clock,
}: {
  keys: Keys;
  issuer: string;
  audience: string;
  clock: Clock;
}): RequestStep => {
  const verify = rememberVerified({ verify: createVerifyToken({ keys, issuer, audience, clock }), clock });
  return async (exchange) => {
    const { headers } = exchange.incoming;
    const token = CREDENTIALS.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) throw refuse(headers.authorization !== undefined);
    const verified = await verify(token).catch((cause: unknown) => {
      throw cause instanceof HouseError ? new HttpRefusal(cause.code, { cause }) : cause;
    });
    if (!verified) throw refuse(true);
    // Proof of possession stands here: a token with `boundTo` is good only with a proof by that key.
    const { principal } = verified;
    const reason = readAccessReason(headerOf(headers['access-reason']));
    return { ...exchange, principal: reason === undefined ? principal : { ...principal, reason } };
  };
};

const headerOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(' ') : value;

export { createKeys, type Fetch, type Keys } from './keys.ts';
