/** What every answer of ours says of itself to whoever keeps, shows or frames it. */
import type { IncomingMessage } from 'node:http';

/**
 * No cache keeps it: it may hold personal data. No browser takes it for another type, runs or loads anything for it, puts it
 * into a frame, or tells another site where it was read.
 */
export const ANSWER_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
} as const;

/** Two years: who has been here once by TLS never comes by plain HTTP (RFC 6797 §6.1). */
const STRICT_TRANSPORT = { 'strict-transport-security': 'max-age=63072000; includeSubDomains' } as const;

/** Of the connection: over plain HTTP it must not be said (RFC 6797 §7.2). */
export const transportHeaders = ({ socket }: Pick<IncomingMessage, 'socket'>): Readonly<Record<string, string>> =>
  'encrypted' in socket ? STRICT_TRANSPORT : {};
