/**
 * What the platform was sent, as it was sent: for tests of minimisation and integrity. Nothing is masked, because
 * a secret that arrives here is exactly what such a test looks for. The newest LIMIT requests are kept.
 */
import type { Clock } from '@house/kernel/clock';
import type { Received } from './exchange.ts';
import type { Verdict } from './integrity/verify-request.ts';
import type { ApiVersion } from './ledger.ts';

const LIMIT = 2000;

export type LoggedRequest = {
  at: string;
  method: string;
  /** With the query. */
  path: string;
  headers: Readonly<Record<string, string>>;
  /** JSON is parsed, anything else is text; null when there was none. */
  body: unknown;
  apiVersion: ApiVersion | null;
  tlsVersion: string | null;
  clientCertificate: string | null;
  /** Null on v1, where a signature is not asked for. */
  signatureValid: boolean | null;
  /** The rule that the signature breaks; null for none. */
  signatureProblem: string | null;
};

export type RequestsLog = {
  record(arrived: { received: Received; apiVersion: ApiVersion | undefined; verdict: Verdict | null }): void;
  /** The newest `limit`, oldest first. */
  read(limit?: number): readonly LoggedRequest[];
};

const bodyOf = ({ raw, headers }: Received): unknown => {
  if (raw.length === 0) return null;
  const text = raw.toString('utf8');
  if (!/json/.test(headers['content-type'] ?? '')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const createRequestsLog = ({ clock }: { clock: Clock }): RequestsLog => {
  const kept: { at: string; received: Received; apiVersion: ApiVersion | null; verdict: Verdict | null }[] = [];
  return {
    record({ received, apiVersion, verdict }) {
      kept.push({ at: clock().toISOString(), received, apiVersion: apiVersion ?? null, verdict });
      // Trimmed in lumps: shifting one by one would move the whole array for every request.
      if (kept.length >= 2 * LIMIT) kept.splice(0, LIMIT);
    },
    read: (limit = LIMIT) =>
      limit === 0
        ? []
        : kept.slice(-Math.min(limit, LIMIT)).map(({ at, received, apiVersion, verdict }) => ({
            at,
            method: received.method,
            path: received.search === '' ? received.path : `${received.path}?${received.search}`,
            headers: received.headers,
            body: bodyOf(received),
            apiVersion,
            tlsVersion: received.tlsVersion,
            clientCertificate: received.clientCertificate,
            signatureValid: verdict?.valid ?? null,
            signatureProblem: verdict === null || verdict.valid ? null : verdict.reason,
          })),
  };
};
