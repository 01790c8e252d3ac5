/**
 * Whether a delivery is the platform's (contract §5.6, Standard Webhooks 1.0): HMAC-SHA-256 over `id.timestamp.body`, by one
 * of the secrets that are in use. What is cheap to see is seen first: headers that cannot belong to a good delivery are
 * refused before a byte of the body is read.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The platform's clock and ours differ by less, and no attempt is on its way for longer; contract §5.6 says so too. */
const TOLERANCE_SECONDS = 5 * 60;
/** Two are sent while a secret is rotated; more than this are not looked at. */
const SIGNATURES_LIMIT = 10;
const ID = /^[!-~]{1,200}$/;
/** Whole seconds as they are usually written. */
const TIMESTAMP = /^(?:0|[1-9]\d{0,11})$/;
/** 32 bytes; its last digit has two bits that carry nothing, and they are zero. */
const DIGEST = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const SCHEME = 'v1,';

/** Each header as often as it was sent; names in lower case. */
export type DeliveryHeaders = Readonly<Record<string, readonly string[] | undefined>>;

export type Envelope = {
  readonly id: string;
  /** As it was written, since that is what is signed. */
  readonly timestamp: string;
  /** Of the version that we know. */
  readonly signatures: readonly Buffer[];
};

/** Why a delivery is nobody's that we know. */
export type Refusal = 'id' | 'timestamp' | 'stale' | 'signature-missing' | 'signature';

const only = (values: readonly string[] | undefined): string | undefined =>
  values?.length === 1 ? values[0] : undefined;

const readSignatures = (header: string): readonly Buffer[] =>
  header
    .split(' ', SIGNATURES_LIMIT)
    .filter((signature) => signature.startsWith(SCHEME) && DIGEST.test(signature.slice(SCHEME.length)))
    .map((signature) => Buffer.from(signature.slice(SCHEME.length), 'base64'));

/** What the headers say, or why nothing more need be looked at. */
export const readEnvelope = (headers: DeliveryHeaders, now: Date): Envelope | Refusal => {
  const id = only(headers['webhook-id']);
  if (id === undefined || !ID.test(id)) return 'id';
  const timestamp = only(headers['webhook-timestamp']);
  if (timestamp === undefined || !TIMESTAMP.test(timestamp)) return 'timestamp';
  if (Math.abs(Math.floor(now.getTime() / 1_000) - Number(timestamp)) > TOLERANCE_SECONDS) return 'stale';
  const signatures = readSignatures(only(headers['webhook-signature']) ?? '');
  return signatures.length > 0 ? { id, timestamp, signatures } : 'signature-missing';
};

/** As the platform tells it: `whsec_` and base64. */
export const keyOf = (secret: string): Buffer => Buffer.from(secret.replace(/^whsec_/, ''), 'base64');

/** Compares every signature with every key, whatever it has found by then: the time tells nothing. */
export const isSigned = (
  { id, timestamp, signatures }: Envelope,
  body: Uint8Array,
  keys: readonly Uint8Array[],
): boolean => {
  let found = false;
  for (const key of keys) {
    const digest = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
    for (const signature of signatures) found = timingSafeEqual(digest, signature) || found;
  }
  return found;
};
