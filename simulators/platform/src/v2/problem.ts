/** Refusals of v2: RFC 9457 problems with the slugs of the contract. Neither title nor detail repeats what was sent. */
import type { Answer } from '../exchange.ts';
import { createTraceId } from '../ids.ts';

const TYPE_BASE = 'https://errors.smart-home.example/';
/** Seconds that a client is told to wait when nobody says otherwise. */
const RETRY_AFTER_SECONDS = 1;

export const SLUGS = {
  'invalid-request': { status: 400, retryable: false, title: 'The request is not understood' },
  'idempotency-key-missing': { status: 400, retryable: false, title: 'Idempotency-Key is missing' },
  'version-not-supported': { status: 400, retryable: false, title: 'This minor version is not supported' },
  unauthorized: { status: 401, retryable: false, title: 'The token or the certificate is missing or not accepted' },
  'signature-invalid': { status: 401, retryable: false, title: 'The message is not as its client signed it' },
  'insufficient-scope': { status: 403, retryable: false, title: 'The token does not carry the scope' },
  'consent-required': { status: 403, retryable: false, title: 'The subject may not act for this unit' },
  'consent-withdrawn': { status: 403, retryable: false, title: 'The subject may no longer act for this unit' },
  'not-found': { status: 404, retryable: false, title: 'Unknown or not visible' },
  'access-point-busy': { status: 409, retryable: true, title: 'The access point is moving' },
  'idempotency-in-progress': { status: 409, retryable: true, title: 'The first request with this key is being read' },
  'state-conflict': { status: 409, retryable: false, title: 'The state does not allow it' },
  gone: { status: 410, retryable: false, title: 'It was here and will not come back' },
  'precondition-failed': { status: 412, retryable: true, title: 'It was changed meanwhile' },
  'payload-too-large': { status: 413, retryable: false, title: 'The body is too large' },
  'idempotency-key-reused': { status: 422, retryable: false, title: 'The key belongs to another request' },
  'plate-invalid': { status: 422, retryable: false, title: 'The plate is not one of its country' },
  'access-point-locked-down': { status: 423, retryable: false, title: 'Nothing opens here by request' },
  'precondition-required': { status: 428, retryable: false, title: 'If-Match is missing' },
  'too-many-requests': { status: 429, retryable: true, title: 'The quota is spent' },
  'temporary-reduced-capacity': { status: 503, retryable: true, title: 'The platform does not work now' },
  'device-offline': { status: 503, retryable: true, title: 'The device cannot be reached' },
  'upstream-timeout': { status: 504, retryable: true, title: 'The device did not answer in time' },
} as const;
export type Slug = keyof typeof SLUGS;

export type ProblemOptions = {
  traceId?: string | undefined;
  detail?: string | undefined;
  retryAfterSeconds?: number | undefined;
  supportedVersions?: readonly string[] | undefined;
  violatedPolicies?: readonly string[] | undefined;
};
export type ProblemDocument = Readonly<Record<string, unknown>> & { code: string };

const WAITS: ReadonlySet<number> = new Set([429, 503]);

export const problemOf = (slug: Slug, options: ProblemOptions = {}): ProblemDocument => {
  const { status, retryable, title } = SLUGS[slug];
  return {
    type: `${TYPE_BASE}${slug}`,
    title,
    status,
    code: slug,
    retryable,
    traceId: options.traceId ?? createTraceId(),
    ...(options.detail === undefined ? {} : { detail: options.detail.slice(0, 500) }),
    ...(WAITS.has(status) ? { retryAfter: options.retryAfterSeconds ?? RETRY_AFTER_SECONDS } : {}),
    ...(options.supportedVersions ? { supportedVersions: options.supportedVersions } : {}),
    ...(options.violatedPolicies ? { violatedPolicies: options.violatedPolicies } : {}),
  };
};

const headersOf = (slug: Slug, options: ProblemOptions): Record<string, string> => {
  const { status } = SLUGS[slug];
  // A new token would not help whoever signs wrongly.
  if (status === 401)
    return { 'WWW-Authenticate': slug === 'unauthorized' ? 'Bearer error="invalid_token"' : 'Bearer' };
  if (WAITS.has(status)) return { 'Retry-After': String(options.retryAfterSeconds ?? RETRY_AFTER_SECONDS) };
  return {};
};

export const problem = (slug: Slug, options: ProblemOptions = {}): Answer => {
  const { status } = SLUGS[slug];
  return {
    status,
    headers: headersOf(slug, options),
    contentType: 'application/problem+json',
    body: problemOf(slug, options),
  };
};

/** What the documents promise and this simulator does not do yet. Outside the contract, and said so. */
export const notImplemented = (traceId: string): Answer => ({
  status: 501,
  contentType: 'application/problem+json',
  body: {
    type: 'about:blank',
    title: 'The simulator does not implement this yet',
    status: 501,
    code: 'not-implemented',
    retryable: false,
    traceId,
  },
  deliberate: true,
});
