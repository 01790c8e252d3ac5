/**
 * The principal on its way between our processes: a JWT (RFC 7519, ES256) of thirty seconds, for one audience and one
 * request body. A captured one is useless for another request.
 */
import { createHash, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { HouseError } from '../errors.ts';
import type { Principal } from './principal.ts';

const LIFE_SECONDS = 30;
/** Clocks of two machines of one house may differ by this much. */
const SKEW_SECONDS = 5;

const bodyHash = (body: string): string => createHash('sha256').update(body).digest('base64url');

const claims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
  bh: z.string(),
  principal: z.strictObject({
    subject: z.string(),
    clientId: z.string(),
    roles: z.array(z.string()),
    scopes: z.array(z.string()),
    complexes: z.array(z.string()),
    tokenId: z.string(),
    expiresAt: z.iso.datetime().transform((value) => new Date(value)),
    authTime: z.iso
      .datetime()
      .transform((value) => new Date(value))
      .optional(),
    acr: z.string().optional(),
    reason: z.string().optional(),
  }),
});

export type SignPrincipal = (principal: Principal, audience: string, body: string) => string;
export type VerifyPrincipal = (token: string, body: string) => Principal;

/** @param issuer the name of the service that signs, `gateway` or `smart-home`. */
export const createPrincipalSigner =
  ({ key, issuer, clock }: { key: KeyObject; issuer: string; clock: Clock }): SignPrincipal =>
  (principal, audience, body) => {
    const iat = Math.floor(clock().getTime() / 1_000);
    return jwt.sign({ iss: issuer, aud: audience, iat, exp: iat + LIFE_SECONDS, bh: bodyHash(body), principal }, key, {
      algorithm: 'ES256',
    });
  };

/**
 * @param keys public keys of the services that may ask, by issuer.
 * @returns the principal, or throws `UNAUTHENTICATED` without saying which check failed.
 */
export const createPrincipalVerifier =
  ({
    keys,
    audience,
    clock,
  }: {
    keys: Readonly<Record<string, KeyObject>>;
    audience: string;
    clock: Clock;
  }): VerifyPrincipal =>
  (token, body) => {
    try {
      const { iss } = z.object({ iss: z.string() }).parse(jwt.decode(token));
      const key = Object.hasOwn(keys, iss) ? keys[iss] : undefined;
      if (!key) throw new Error('unknown issuer');
      const verified = claims.parse(
        jwt.verify(token, key, {
          algorithms: ['ES256'],
          audience,
          issuer: iss,
          clockTimestamp: Math.floor(clock().getTime() / 1_000),
          clockTolerance: SKEW_SECONDS,
        }),
      );
      if (verified.exp - verified.iat > LIFE_SECONDS) throw new Error('lives too long');
      if (verified.bh !== bodyHash(body)) throw new Error('signed for another body');
      const { authTime, acr, reason, ...required } = verified.principal;
      return { ...required, ...(authTime && { authTime }), ...(acr && { acr }), ...(reason && { reason }) };
    } catch (cause) {
      throw new HouseError('UNAUTHENTICATED', { cause });
    }
  };
