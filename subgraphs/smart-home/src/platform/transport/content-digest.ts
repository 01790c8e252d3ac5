/** `Content-Digest` (RFC 9530), for empty bodies too. */
import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (body: Uint8Array, hash: string): Buffer => createHash(hash).update(body).digest();

export const contentDigest = (body: Uint8Array): string => `sha-256=:${digest(body, 'sha256').toString('base64')}:`;

/** Those that are still good (RFC 9530 §5); others say nothing. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
]);
const MEMBER = /^([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):$/;

/**
 * Whether the field says of the body what is true: every known digest in it is right, there is one at least, and none is
 * there twice.
 */
export const isDigestOf = (field: string, body: Uint8Array): boolean => {
  const names = new Set<string>();
  for (const member of field.split(',')) {
    const [, name = '', value = ''] = MEMBER.exec(member.trim()) ?? [];
    if (name === '' || names.has(name)) return false;
    names.add(name);
    const hash = KNOWN.get(name);
    if (!hash) continue;
    const [given, actual] = [Buffer.from(value, 'base64'), digest(body, hash)];
    if (given.length !== actual.length || !timingSafeEqual(given, actual)) return false;
  }
  return [...KNOWN.keys()].some((name) => names.has(name));
};
