/** `Content-Digest` (RFC 9530): what the bytes of a message are, its empty ones too. */
import { createHash, timingSafeEqual } from 'node:crypto';

const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
]);
/** One member of the dictionary: a key and a byte sequence (RFC 8941 §3.2). */
const MEMBER = /^([a-z*][a-z0-9_.*-]{0,31})=:([A-Za-z0-9+/]+={0,2}):$/;

const hash = (algorithm: string, content: Uint8Array): Buffer => createHash(algorithm).update(content).digest();

export const contentDigestOf = (content: Uint8Array): string =>
  `sha-256=:${hash('sha256', content).toString('base64')}:`;

/**
 * Whether a field's value names this content. At least one algorithm must be known and every known one must match; a
 * key that comes twice is refused, although the last would win (RFC 8941 §3.2): it is never said by accident.
 */
export const contentDigestMatches = (field: string | undefined, content: Uint8Array): boolean => {
  const seen = new Set<string>();
  let matched = false;
  for (const text of (field ?? '').split(',')) {
    const [, name = '', value = ''] = MEMBER.exec(text.trim()) ?? [];
    if (name === '' || seen.has(name)) return false;
    seen.add(name);
    const algorithm = ALGORITHMS.get(name);
    if (algorithm === undefined) continue;
    const [said, is] = [Buffer.from(value, 'base64'), hash(algorithm, content)];
    // Base64 that does not say itself again has bits that nobody looks at.
    if (said.toString('base64') !== value || said.length !== is.length || !timingSafeEqual(said, is)) return false;
    matched = true;
  }
  return matched;
};
