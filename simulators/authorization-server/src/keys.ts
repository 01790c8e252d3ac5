/**
 * The server's own secrets: the ES256 key that signs tokens and the keys that sign its cookies.
 *
 * With a directory they are kept in one 0600 file, so that a token written before a restart still verifies after
 * it; without one they live as long as the process. A file that others can read is refused, not repaired: whoever
 * read it can sign tokens.
 */
import { createHash, generateKeyPairSync, type JsonWebKey, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const FILE = 'authorization-server-keys.json';

const keysSchema = z.object({
  signing: z.object({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string(),
    y: z.string(),
    d: z.string(),
    kid: z.string(),
    use: z.literal('sig'),
    alg: z.literal('ES256'),
  }),
  cookies: z.array(z.string().min(32)).min(1),
});
export type Keys = z.infer<typeof keysSchema>;

/** RFC 7638: SHA-256 of the key's required members in lexical order. */
export const thumbprint = ({ crv, kty, x, y }: JsonWebKey): string =>
  createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');

const createKeys = (): Keys => {
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const signing = { ...jwk, kid: thumbprint(jwk), use: 'sig', alg: 'ES256' };
  return keysSchema.parse({ signing, cookies: [randomBytes(32).toString('base64url')] });
};

const readKeys = (path: string): Keys | undefined => {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if ((mode & 0o077) !== 0) throw new Error(`${path} can be read by others: run chmod 600 on it, or delete it`);
  try {
    return keysSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Error(`${path} does not hold this server's keys: delete it, and new ones are made`, { cause });
  }
};

export const loadKeys = (directory?: string): Keys => {
  if (directory === undefined) return createKeys();
  const path = join(directory, FILE);
  const kept = readKeys(path);
  if (kept) return kept;
  const keys = createKeys();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Renamed into place, so that a crash leaves either no file or a whole one.
  writeFileSync(`${path}.new`, JSON.stringify(keys), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return keys;
};
