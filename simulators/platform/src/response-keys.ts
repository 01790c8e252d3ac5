/**
 * The keys by which the platform signs its answers (RFC 9421, `ecdsa-p256-sha256`): the one in use, the next one, which
 * is published before it is used, and after a rotation the one before, so that no client ever meets a key of which it
 * could not have known.
 *
 * `signing-keys.json` is the public JWK Set, for clients; `signing-private-keys.json` holds the private halves, 0600.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { keepOwn, readOwn, writeOwn } from './private-files.ts';

const PUBLISHED = 'signing-keys.json';
const PRIVATE = 'signing-private-keys.json';

const privateJwk = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});
const keptKeys = z.object({ current: privateJwk, next: privateJwk, previous: privateJwk.optional() });
type PrivateJwk = z.infer<typeof privateJwk>;
type KeptKeys = z.infer<typeof keptKeys>;

export type PublishedKey = {
  kty: 'EC';
  crv: 'P-256';
  x: string;
  y: string;
  /** The thumbprint of RFC 7638: `keyid` of a signature. */
  kid: string;
  use: 'sig';
  alg: 'ES256';
};
export type ResponseKeys = {
  current: { kid: string; privateKey: KeyObject };
  /** A JWK Set: the current key first. */
  published: { keys: readonly PublishedKey[] };
};

const createKey = (): PrivateJwk =>
  privateJwk.parse(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }));

const publish = ({ kty, crv, x, y }: PrivateJwk): PublishedKey => {
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid, use: 'sig', alg: 'ES256' };
};

const read = (directory: string): KeptKeys | undefined => {
  const path = join(directory, PRIVATE);
  const text = readOwn(path, { secret: true });
  if (text === undefined) return undefined;
  const parsed = keptKeys.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${path} does not hold signing keys: delete it, and new ones are made`);
  return parsed.data;
};

const present = ({ current, next, previous }: KeptKeys): ResponseKeys => {
  const keys = [current, next, ...(previous ? [previous] : [])].map(publish);
  return {
    current: { kid: publish(current).kid, privateKey: createPrivateKey({ key: current, format: 'jwk' }) },
    published: { keys },
  };
};

const keep = (directory: string, kept: KeptKeys): ResponseKeys => {
  const keys = present(kept);
  writeOwn(join(directory, PRIVATE), JSON.stringify(kept));
  keepOwn(join(directory, PUBLISHED), `${JSON.stringify(keys.published, null, 2)}\n`);
  return keys;
};

/** Made at first start and used again. Throws, naming the file, when the private one can be read by others. */
export const ensureResponseKeys = ({ directory }: { directory: string }): ResponseKeys => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const kept = read(directory);
  if (!kept) return keep(directory, { current: createKey(), next: createKey() });
  const keys = present(kept);
  keepOwn(join(directory, PUBLISHED), `${JSON.stringify(keys.published, null, 2)}\n`);
  return keys;
};

/** The next key becomes the current one; the one before stays published until the next rotation. */
export const rotateResponseKeys = ({ directory }: { directory: string }): ResponseKeys => {
  const kept = read(directory);
  if (!kept) return ensureResponseKeys({ directory });
  return keep(directory, { current: kept.next, next: createKey(), previous: kept.current });
};
