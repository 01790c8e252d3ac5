/**
 * An answer of v2 held to contract §5.8 by nothing but `node:crypto`: its digest, what its signature covers, and the
 * signature over a base that is written out here (RFC 9421 §2.5). No library that signs has a part in it.
 */
import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto';

type Answer = { status: number; headers: Readonly<Record<string, string | undefined>>; text: string };
type Sent = { url: string; method: string; headers: Readonly<Record<string, string>> };

const INPUT = /^([a-z][a-z0-9_-]*)=(\(([^)]*)\);created=\d+;keyid="([^"]*)";alg="ecdsa-p256-sha256")$/;

/** The value of each component; undefined where the message has none. */
const valuesOf = (
  { status, headers }: Answer,
  { url, method, headers: sent }: Sent,
): Record<string, string | undefined> => ({
  '"@status"': String(status),
  '"content-digest"': headers['content-digest'],
  '"@method";req': method,
  '"@path";req': new URL(url).pathname,
  '"content-digest";req': sent['content-digest'],
});

/** What is wrong with the answer; null when nothing is. */
export const breachOf = (
  answer: Answer,
  request: Sent,
  keys: readonly (JsonWebKey & { kid: string })[],
): string | null => {
  const digest = `sha-256=:${createHash('sha256').update(answer.text).digest('base64')}:`;
  if (answer.headers['content-digest'] !== digest) return 'Content-Digest is not that of the body';
  const [, label, parameters = '', components = '', keyid] = INPUT.exec(answer.headers['signature-input'] ?? '') ?? [];
  if (!label) return 'there is no signature of the right shape';
  const values = Object.entries(valuesOf(answer, request)).filter(([, value]) => value !== undefined);
  if (components !== values.map(([name]) => name).join(' ')) return `the signature covers ${components}`;
  const key = keys.find(({ kid }) => kid === keyid);
  if (!key) return 'the key is not published';
  const signature = new RegExp(`^${label}=:([A-Za-z0-9+/]{86}==):$`).exec(answer.headers.signature ?? '')?.[1];
  if (!signature) return 'the signature is not one';
  const lines = [...values.map(([name, value]) => `${name}: ${value}`), `"@signature-params": ${parameters}`];
  const publicKey = { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const;
  return verify('sha256', Buffer.from(lines.join('\n')), publicKey, Buffer.from(signature, 'base64'))
    ? null
    : 'the signature does not verify';
};
