/** RFC 9449 proofs of possession, as an app makes them with the key in its secure store. */
import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey, randomUUID, sign } from 'node:crypto';

export type DpopProof = {
  /** The private ES256 key. */
  jwk: JsonWebKey;
  method: string;
  /** The request's address; its query and fragment are left out of the proof. */
  url: string;
  issuedAt: Date;
  /** Bound into the proof (`ath`) when the request carries it. */
  accessToken?: string;
  nonce?: string;
  tokenId?: string;
};

export const createDpopKey = (): JsonWebKey =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The value of the `DPoP` header of one request. */
export const createDpopProof = ({ jwk, method, url, issuedAt, accessToken, nonce, tokenId }: DpopProof): string => {
  const { origin, pathname } = new URL(url);
  const { kty, crv, x, y } = jwk;
  const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } };
  const claims = {
    jti: tokenId ?? randomUUID(),
    htm: method,
    htu: `${origin}${pathname}`,
    iat: Math.floor(issuedAt.getTime() / 1000),
    ...(accessToken !== undefined && { ath: createHash('sha256').update(accessToken).digest('base64url') }),
    ...(nonce !== undefined && { nonce }),
  };
  const input = `${part(header)}.${part(claims)}`;
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
};
