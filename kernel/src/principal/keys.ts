/**
 * The keys of signed principals, each named by its thumbprint (RFC 7638), which both sides can work out. All of them stand
 * in files that may be replaced while we run: first a new public key is added for those who verify, then whoever signs is
 * given the new private one, and when the last principal of the former has ended its public key is taken away.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Log } from '../telemetry.ts';
import { type Watched, watchFiles } from '../watched-files.ts';

export type SigningKey = { readonly kid: string; readonly key: KeyObject };
/** Public keys by their names. */
export type VerifyingKeys = ReadonlyMap<string, KeyObject>;

const PUBLIC_KEYS = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;

/** @throws unless it is a public key on P-256. */
const nameOf = (key: KeyObject): string => {
  const { crv, kty, x, y } = key.export({ format: 'jwk' });
  if (crv !== 'P-256') throw new TypeError(`expected a P-256 key but got ${crv ?? kty}`);
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
};

/** @throws unless it is a private key on P-256. */
export const signingKeyOf = (key: KeyObject): SigningKey => ({
  kid: nameOf(createPublicKey(key)),
  key,
});

/** @throws unless they are public keys on P-256. */
export const verifyingKeysOf = (keys: readonly KeyObject[]): VerifyingKeys =>
  new Map(keys.map((key) => [nameOf(key), key]));

/** @param pem one private key. @throws unless it is one on P-256. */
export const parseSigningKey = (pem = ''): SigningKey => signingKeyOf(createPrivateKey(pem));

/** @param pem one public key after the other. @throws unless all of them are on P-256, and there is one. */
export const parseVerifyingKeys = (pem = ''): VerifyingKeys => {
  const found = pem.match(PUBLIC_KEYS) ?? [];
  if (found.length === 0) throw new Error('expected public keys in PEM');
  return verifyingKeysOf(found.map((each) => createPublicKey(each)));
};

type Watching = {
  file: string;
  /** Who signs with it. */
  issuer: string;
  clock: Clock;
  log: Log;
};

const watchKeys = <Keys>({ file, issuer, clock, log }: Watching, parse: (pem: string | undefined) => Keys) =>
  watchFiles({
    paths: { pem: file },
    parse: ({ pem }) => parse(pem),
    clock,
    changed: () => log.info('principal-keys-read-again', { resource: issuer }),
    refused: (error) => log.warn('principal-keys-not-usable', { resource: issuer, error }),
  });

/** @throws what the file system or `parseSigningKey` throws; later the former key stays in use, and a warning says so. */
export const watchSigningKey = (watching: Watching): Watched<SigningKey> => watchKeys(watching, parseSigningKey);

/** @throws what the file system or `parseVerifyingKeys` throws; later the former keys stay in use, and a warning says so. */
export const watchVerifyingKeys = (watching: Watching): Watched<VerifyingKeys> =>
  watchKeys(watching, parseVerifyingKeys);
