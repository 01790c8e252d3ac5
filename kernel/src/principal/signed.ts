/**
 * The principal on its way between our processes: a JWT (RFC 7519, ES256) of thirty seconds, for one audience and one
 * request body. A captured one is useless for another request.
 */
import { createSign, hash, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { HouseError } from '../errors.ts';
import type { Principal } from './principal.ts';

const LIFE_SECONDS = 30;
/** Clocks of two machines of one house may differ by this much. */
const SKEW_SECONDS = 5;

const bodyHash = (body: string): string => hash('sha256', body, 'base64url');

const NUMBER_BYTES = 32;

/**
 * Two numbers in DER as the 64 bytes of RFC 7518, §3.4. Node converts them too, for as much time as the signature takes.
 */
const toJose = (der: Buffer): Buffer => {
  const jose = Buffer.alloc(2 * NUMBER_BYTES);
  // A sequence of fewer than 128 bytes: tag, length, and for each number tag, length and bytes without needless zeroes.
  let at = 2;
  for (const end of [NUMBER_BYTES, 2 * NUMBER_BYTES]) {
    const bytes = der.subarray(at + 2, at + 2 + der.readUInt8(at + 1));
    at += 2 + bytes.length;
    const digits = bytes.subarray(Math.max(0, bytes.length - NUMBER_BYTES));
    digits.copy(jose, end - digits.length);
  }
  return jose;
};

const part = (json: string): string => Buffer.from(json).toString('base64url');
const HEADER = part('{"alg":"ES256","typ":"JWT"}');

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

/**
 * Every request to a subgraph is signed, so it is done without jsonwebtoken, which takes twice as long for the same bytes.
 * @param issuer the name of the service that signs, `gateway` or `smart-home`.
 */
export const createPrincipalSigner = ({
  key,
  issuer,
  clock,
}: {
  key: KeyObject;
  issuer: string;
  clock: Clock;
}): SignPrincipal => {
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new TypeError(
      `expected a P-256 key but got ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType}`,
    );
  // One principal asks several subgraphs, and again with the next request of its token; it never changes.
  const written = new WeakMap<Principal, string>();
  const write = (principal: Principal): string => {
    const known = written.get(principal) ?? JSON.stringify(principal);
    written.set(principal, known);
    return known;
  };
  return (principal, audience, body) => {
    const iat = Math.floor(clock().getTime() / 1_000);
    const claimed = JSON.stringify({ iss: issuer, aud: audience, iat, exp: iat + LIFE_SECONDS, bh: bodyHash(body) });
    const input = `${HEADER}.${part(`${claimed.slice(0, -1)},"principal":${write(principal)}}`)}`;
    return `${input}.${toJose(createSign('SHA256').update(input).sign(key)).toString('base64url')}`;
  };
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
