/**
 * The principal on its way between our processes: a JWT (RFC 7519, ES256) of thirty seconds, for one audience, one request
 * body and one use. A captured one is useless: for another request because it is signed for this one, and for the same
 * one because it has been used.
 */
import { createSign, hash } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Clock, Random } from '../clock.ts';
import { HouseError } from '../errors.ts';
import type { Watched } from '../watched-files.ts';
import type { SigningKey, VerifyingKeys } from './keys.ts';
import type { Principal } from './principal.ts';
import { createUsedOnce } from './used-once.ts';

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

const claims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string(),
  bh: z.string(),
  trace: z.string(),
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

/** What a principal is signed for. */
export type SignedFor = {
  /** The name of the subgraph. */
  readonly audience: string;
  readonly body: string;
  readonly traceId: string;
};
/** Each call makes another one: none is accepted twice, not even for a request that is sent once more. */
export type SignPrincipal = (principal: Principal, request: SignedFor) => string;

export type Verified = {
  readonly principal: Principal;
  /** Of our services the one that signed. */
  readonly issuer: string;
  readonly traceId: string;
};
export type VerifyPrincipal = (token: string, body: string) => Verified;

const PREFIX_BYTES = 16;

/** Each name once: none of another process, and none of this one. */
const createNames = (random: Random) => {
  const prefix = Buffer.from(random(PREFIX_BYTES)).toString('base64url');
  let count = 0;
  return (): string => {
    count += 1;
    return `${prefix}.${count}`;
  };
};

/**
 * Every request to a subgraph is signed, so it is done without jsonwebtoken, which takes twice as long for the same bytes.
 * @param key the one to sign with now; its public half is known to those who verify before it is used.
 * @param issuer the name of the service that signs, `gateway` or `smart-home`.
 */
export const createPrincipalSigner = ({
  key: current,
  issuer,
  clock,
  random,
}: {
  key: () => SigningKey;
  issuer: string;
  clock: Clock;
  random: Random;
}): SignPrincipal => {
  const nextName = createNames(random);
  const headers = new WeakMap<SigningKey, string>();
  const headerOf = (key: SigningKey): string => {
    const known = headers.get(key) ?? part(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: key.kid }));
    headers.set(key, known);
    return known;
  };
  // One principal asks several subgraphs, and again with the next request of its token; it never changes.
  const written = new WeakMap<Principal, string>();
  const write = (principal: Principal): string => {
    const known = written.get(principal) ?? JSON.stringify(principal);
    written.set(principal, known);
    return known;
  };
  return (principal, { audience, body, traceId }) => {
    const key = current();
    const iat = Math.floor(clock().getTime() / 1_000);
    const claimed = JSON.stringify({
      iss: issuer,
      aud: audience,
      iat,
      exp: iat + LIFE_SECONDS,
      jti: nextName(),
      bh: bodyHash(body),
      trace: traceId,
    });
    const input = `${headerOf(key)}.${part(`${claimed.slice(0, -1)},"principal":${write(principal)}}`)}`;
    return `${input}.${toJose(createSign('SHA256').update(input).sign(key.key)).toString('base64url')}`;
  };
};

const named = z.object({ header: z.object({ kid: z.string() }), payload: z.object({ iss: z.string() }) });

/**
 * What this process has accepted it does not accept again. Another process of the same service would; what keeps a
 * captured principal from there is that it is taken only from who signed it, who proves itself in TLS (`serve.ts`).
 * @param keys public keys of the services that may ask, by issuer.
 * @returns the principal, or throws `UNAUTHENTICATED` without saying which check failed.
 */
export const createPrincipalVerifier = ({
  keys,
  audience,
  clock,
}: {
  keys: Readonly<Record<string, Watched<VerifyingKeys>>>;
  audience: string;
  clock: Clock;
}): VerifyPrincipal => {
  // Signed by a clock that is ahead of ours, it ends that much later by ours, and its end is taken with tolerance too.
  const use = createUsedOnce({ clock, rememberMs: (LIFE_SECONDS + 2 * SKEW_SECONDS) * 1_000 });
  const keyOf = (token: string) => {
    const { header, payload } = named.parse(jwt.decode(token, { complete: true }));
    const known = Object.hasOwn(keys, payload.iss) ? keys[payload.iss] : undefined;
    // One that came into use within the last second stands in the file already.
    const key = known?.().get(header.kid) ?? known?.(0).get(header.kid);
    if (!key) throw new Error('unknown issuer or key');
    return { key, issuer: payload.iss };
  };
  return (token, body) => {
    try {
      const { key, issuer } = keyOf(token);
      const now = Math.floor(clock().getTime() / 1_000);
      const verified = claims.parse(
        jwt.verify(token, key, {
          algorithms: ['ES256'],
          audience,
          issuer,
          clockTimestamp: now,
          clockTolerance: SKEW_SECONDS,
        }),
      );
      if (verified.exp - verified.iat > LIFE_SECONDS) throw new Error('lives too long');
      if (verified.iat > now + SKEW_SECONDS) throw new Error('signed in the future');
      if (verified.bh !== bodyHash(body)) throw new Error('signed for another body');
      if (!use(`${issuer} ${verified.jti}`)) throw new Error('used before');
      const { authTime, acr, reason, ...required } = verified.principal;
      return {
        principal: { ...required, ...(authTime && { authTime }), ...(acr && { acr }), ...(reason && { reason }) },
        issuer,
        traceId: verified.trace,
      };
    } catch (cause) {
      throw new HouseError('UNAUTHENTICATED', { cause });
    }
  };
};
