/** Makes tokens and proofs as a careful issuer and a careful app would, and lets each part of them be spoiled. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export type ForgeKey = {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
};

/** What is undefined is left out of the JSON. */
export type Members = Readonly<Record<string, unknown>>;

export const base64url = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64url');
const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('base64url');

export const createForgeKey = (namedCurve = 'P-256'): ForgeKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }) } };
};

/** RFC 7638. */
export const thumbprint = ({ jwk: { crv, kty, x, y } }: ForgeKey): string => sha256(JSON.stringify({ crv, kty, x, y }));

/** r and s of ES256 over what is signed. */
export const signatureOf = (input: string, { privateKey }: ForgeKey, hash = 'sha256'): Buffer =>
  sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });

/** A JWS whose header and payload are exactly these bytes. */
export const signBytes = (header: string | Uint8Array, payload: string | Uint8Array, key: ForgeKey): string => {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${base64url(signatureOf(input, key))}`;
};

/** The last sign of base64url stands for fewer bits than it has: another one of the same bytes. */
export const alias = (part: string): string => {
  const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const other = [...signs].find(
    (sign_) =>
      sign_ !== part.at(-1) &&
      Buffer.from(part.slice(0, -1) + sign_, 'base64url').equals(Buffer.from(part, 'base64url')),
  );
  if (!other) throw new RangeError('expected a length that leaves bits over');
  return part.slice(0, -1) + other;
};

/** A part of which bits are left over, so that it has an alias: blanks are added to its JSON until it has. */
export const withSpareBits = (json: string): string => {
  let padded = json;
  while (Buffer.byteLength(padded) % 3 === 0) padded += ' ';
  return padded;
};

export type TokenForge = {
  /** Seconds. */
  readonly now: number;
  readonly issuer: string;
  readonly audience: string;
  /** The issuer's, known as `key-1`. */
  readonly key: ForgeKey;
  /** Of somebody else. */
  readonly strange: ForgeKey;
  readonly header: Members;
  readonly claims: Members;
  /** A good token, with `claims` and `header` laid over it; undefined takes a member away. */
  token(claims?: Members, header?: Members): string;
  /** Signed by the issuer's key, whatever it says. */
  bytes(header: string | Uint8Array, payload: string | Uint8Array): string;
};

export const createTokenForge = ({
  now,
  issuer,
  audience,
  key,
}: Pick<TokenForge, 'now' | 'issuer' | 'audience' | 'key'>): TokenForge => {
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'key-1' };
  const claims = {
    iss: issuer,
    aud: audience,
    sub: 'owner-a12',
    client_id: 'app',
    jti: 'a3c1b5d0-5b0b-4b4e-9a7a-0d7f3a1d2c4e',
    iat: now,
    exp: now + 600,
    scope: 'premises:read access:open',
    roles: ['resident'],
  };
  const bytes = (head: string | Uint8Array, payload: string | Uint8Array) => signBytes(head, payload, key);
  return {
    ...{ now, issuer, audience, key, header, claims, bytes },
    strange: createForgeKey(),
    token: (more = {}, head = {}) =>
      bytes(JSON.stringify({ ...header, ...head }), JSON.stringify({ ...claims, ...more })),
  };
};

export type ProofForge = {
  /** Seconds. */
  readonly now: number;
  /** The app's. */
  readonly key: ForgeKey;
  readonly strange: ForgeKey;
  readonly accessToken: string;
  readonly method: string;
  readonly url: string;
  readonly nonces: {
    readonly current: string;
    readonly before: string;
    readonly old: string;
    readonly strange: string;
  };
  readonly header: Members;
  readonly claims: Members;
  /** A good proof, with `claims` and `header` laid over it; undefined takes a member away. */
  proof(claims?: Members, header?: Members): string;
  /** Signed by the app's key, whatever it says. */
  bytes(header: string | Uint8Array, payload: string | Uint8Array): string;
};

export const createProofForge = (
  request: Pick<ProofForge, 'now' | 'key' | 'strange' | 'accessToken' | 'method' | 'url' | 'nonces'>,
): ProofForge => {
  const { now, key, accessToken, method, url, nonces } = request;
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk };
  const claims = {
    jti: 'b5a0c6a2-4f0e-4b8e-8f5d-6f1f3c2b1a09',
    htm: method,
    htu: url,
    iat: now,
    ath: sha256(accessToken),
    nonce: nonces.current,
  };
  const bytes = (head: string | Uint8Array, payload: string | Uint8Array) => signBytes(head, payload, key);
  return {
    ...request,
    ...{ header, claims, bytes },
    proof: (more = {}, head = {}) =>
      bytes(JSON.stringify({ ...header, ...head }), JSON.stringify({ ...claims, ...more })),
  };
};
