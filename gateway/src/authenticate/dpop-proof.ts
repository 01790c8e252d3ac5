/**
 * One proof of possession: RFC 9449 §4.3, with the choices that it leaves to a resource server made as narrow as for
 * tokens: ES256 only, one way to read it, an age of a minute. Whether it was used before is `used-proofs.ts`.
 */
import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { type Clock, later } from '@house/kernel/clock';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { readCompactJws } from './compact-jws.ts';
import type { Nonces } from './dpop-nonce.ts';
import { normalizeTarget } from './target-uri.ts';

/** A request that comes with a proof. */
export type Presented = {
  /** The value of each `DPoP` field. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** Our own addresses, normalized. */
  readonly targets: readonly string[];
  readonly accessToken: string;
  /** The thumbprint of the key that the token is bound to. */
  readonly boundToKey: string;
};

/** A proof that holds. */
export type Proof = {
  /** The thumbprint of the key that made it. */
  readonly key: string;
  /** Its `jti`. */
  readonly id: string;
  /** From then on it is refused for its age. */
  readonly goodUntil: Date;
};

/** `nonce`: everything else holds, and the sender should make one with the nonce that it is told. */
export type ProofFault = 'proof' | 'nonce';
export type VerifyProof = (presented: Presented) => Proof | ProofFault;

const PROOF_LIMIT_BYTES = 4_096;
/** §11.1: how old a proof may be. */
const AGE_LIMIT_SECONDS = 60;
const SKEW_SECONDS = 5;
const COORDINATE_BYTES = 32;

/** A coordinate in the one base64url text of its bytes: another text of the same key would have another thumbprint. */
const coordinate = z.string().refine((text) => {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === COORDINATE_BYTES && bytes.toString('base64url') === text;
});
/** Public and on P-256. What else may stand there is what WebCrypto and others write; a private member may not. */
const publicJwk = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  kid: z.string().max(200).optional(),
  use: z.literal('sig').optional(),
  alg: z.literal('ES256').optional(),
  key_ops: z.tuple([z.literal('verify')]).optional(),
  ext: z.boolean().optional(),
});
const header = z.strictObject({ typ: z.literal('dpop+jwt'), alg: z.literal('ES256'), jwk: publicJwk });

const claims = z.object({
  jti: z
    .string()
    .min(1)
    .max(200)
    .refine((id) => id.isWellFormed()),
  htm: z.string(),
  htu: z.string(),
  iat: z.int(),
  ath: z.string(),
  nonce: z.string().max(200).optional(),
});

type Point = Pick<z.output<typeof publicJwk>, 'x' | 'y'>;

/** RFC 7638: the hash of the members that make the key, in the order of their names. */
const thumbprintOf = ({ x, y }: Point): string =>
  hash('sha256', JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }), 'base64url');

/** undefined for what is no point of the curve. */
const keyOf = ({ x, y }: Point): KeyObject | undefined => {
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch {
    return undefined;
  }
};

const isSigned = (proof: string, key: KeyObject, now: number): boolean => {
  try {
    // It looks at `exp` and `nbf` too, where somebody set them.
    jwt.verify(proof, key, { algorithms: ['ES256'], clockTimestamp: now, clockTolerance: SKEW_SECONDS });
    return true;
  } catch {
    return false;
  }
};

/**
 * @param isNonceNeeded otherwise a proof without a nonce holds; one with a wrong nonce never does.
 * @returns the proof, or what is wrong with it: the sender is not told more.
 */
export const createVerifyProof =
  ({ nonces, isNonceNeeded, clock }: { nonces: Nonces; isNonceNeeded: boolean; clock: Clock }): VerifyProof =>
  ({ proofs: [proof, ...others], method, targets, accessToken, boundToKey }) => {
    if (proof === undefined || others.length > 0) return 'proof';
    const jws = readCompactJws(proof, PROOF_LIMIT_BYTES);
    const told = header.safeParse(jws?.header);
    const said = claims.safeParse(jws?.claims);
    if (!told.success || !said.success) return 'proof';
    const { jwk } = told.data;
    const { jti, htm, htu, iat, ath, nonce } = said.data;

    // Everything that costs little first: a proof for another request is not even verified.
    const now = Math.floor(clock().getTime() / 1_000);
    const key = thumbprintOf(jwk);
    const target = normalizeTarget(htu);
    const isForThis =
      htm === method &&
      target !== undefined &&
      targets.includes(target) &&
      iat >= now - AGE_LIMIT_SECONDS &&
      iat <= now + SKEW_SECONDS &&
      ath === hash('sha256', accessToken, 'base64url') &&
      key === boundToKey;
    if (!isForThis) return 'proof';
    const publicKey = keyOf(jwk);
    if (!publicKey || !isSigned(proof, publicKey, now)) return 'proof';
    if (nonce === undefined ? isNonceNeeded : !nonces.isGood(nonce)) return 'nonce';
    return { key, id: jti, goodUntil: later(new Date(iat * 1_000), (AGE_LIMIT_SECONDS + 1) * 1_000) };
  };
