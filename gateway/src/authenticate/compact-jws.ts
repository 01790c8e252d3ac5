/** A JWS in compact form (RFC 7515 §7.1), read so that there is one way only to read it. */
import { hasUniqueNames } from './unique-names.ts';

export type CompactJws = { readonly header: unknown; readonly claims: unknown };

/** Of an ES256 signature: r and s, 32 bytes each (RFC 7518 §3.4). */
const SIGNATURE_BYTES = 64;

/** undefined for what is not the one base64url text of its bytes: padding, other signs, or bits left over at the end. */
const decode = (part: string): Buffer | undefined => {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws when it is no JSON in UTF-8, or an object names a member twice. */
const parse = (bytes: Buffer): unknown => {
  const text = utf8.decode(bytes);
  const value: unknown = JSON.parse(text);
  if (!hasUniqueNames(text)) throw new TypeError('expected each member once');
  return value;
};

/**
 * Reads what is signed; whether the signature is good has still to be verified.
 * @returns undefined for what is not three parts in canonical base64url, of which the first two are JSON in UTF-8 without
 * a member twice and the third is as long as an ES256 signature.
 */
export const readCompactJws = (text: string, limitBytes: number): CompactJws | undefined => {
  if (text.length > limitBytes) return undefined;
  const parts = text.split('.');
  const [header, claims, signature] = parts.map(decode);
  if (parts.length !== 3 || !header || !claims || signature?.length !== SIGNATURE_BYTES) return undefined;
  try {
    return { header: parse(header), claims: parse(claims) };
  } catch {
    return undefined;
  }
};
