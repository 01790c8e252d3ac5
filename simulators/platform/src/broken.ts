/**
 * Answers that a fault has touched. They are signed like any other: it is the platform itself that is broken here, and
 * nobody on the way. Only `bad-signature` is another's doing.
 */
import type { Answer } from './exchange.ts';
import type { Fault } from './faults.ts';
import type { ApiVersion } from './ledger.ts';
import { refusal, sentence } from './v1/envelope.ts';
import { problem } from './v2/problem.ts';

const RETRY_AFTER_SECONDS = 1;

export const serverError = (apiVersion: ApiVersion | undefined): Answer => ({
  ...(apiVersion === 'v1'
    ? refusal(500, 'internalError')
    : {
        status: 500,
        contentType: 'application/problem+json',
        body: { type: 'about:blank', title: 'Internal Server Error', status: 500 },
      }),
  deliberate: true,
});

/** v1 says nothing of when to come back, unless the fault does. */
const v1Wait = (answer: Answer, { retryAfterSeconds }: Fault): Answer =>
  retryAfterSeconds === undefined ? answer : { ...answer, headers: { 'Retry-After': String(retryAfterSeconds) } };

const v2Quota = (fault: Fault, traceId: string): Answer => {
  const retryAfterSeconds = fault.retryAfterSeconds ?? RETRY_AFTER_SECONDS;
  const answer = problem('too-many-requests', { traceId, retryAfterSeconds, violatedPolicies: ['open'] });
  const quota = { 'RateLimit-Policy': '"open";q=15;w=60', RateLimit: `"open";r=0;t=${retryAfterSeconds}` };
  return { ...answer, headers: { ...answer.headers, ...quota } };
};

/** The answer of a fault that comes before anything has happened; undefined for one that does not answer. */
export const answerBefore = (fault: Fault, apiVersion: ApiVersion | undefined, traceId: string): Answer | undefined => {
  switch (fault.kind) {
    case '500-before':
      return serverError(apiVersion);
    case '503':
      return {
        ...(apiVersion === 'v1'
          ? v1Wait(refusal(503, 'unavailable'), fault)
          : problem('temporary-reduced-capacity', { traceId, retryAfterSeconds: fault.retryAfterSeconds })),
        deliberate: true,
      };
    case '429':
      return {
        ...(apiVersion === 'v1' ? v1Wait(refusal(429, 'tooManyRequests'), fault) : v2Quota(fault, traceId)),
        deliberate: true,
      };
    case '200-text':
      return sentence();
    case 'timeout-before':
    case 'timeout-after-effect':
    case 'reset-before':
    case 'reset-after-effect':
    case '500-after-effect':
    case 'junk-json':
    case 'schema-drift':
    case 'slow':
    case 'held-up':
    case 'bad-signature':
      return undefined;
  }
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first object that holds the matter: an item of a list, the `data` of an envelope, the resource itself. */
const drift = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(drift);
  if (!isRecord(value)) return value;
  if ('data' in value) return { ...value, data: drift(value.data) };
  if ('items' in value) return { ...value, items: drift(value.items) };
  const [first, ...others] = Object.entries(value);
  return { ...Object.fromEntries(others), ...(first ? { [`${first[0]}_v3`]: first[1] } : {}) };
};

/** The answer of a request that was done, changed as the fault says. */
export const answerAfter = (fault: Fault, answer: Answer): Answer => {
  switch (fault.kind) {
    case 'junk-json': {
      const { bytes: _, ...rest } = answer;
      const whole = answer.text ?? JSON.stringify(answer.body ?? {});
      // A body that is too short to be cut in two is not JSON either.
      const text = whole.length < 4 ? '{"' : whole.slice(0, Math.floor(whole.length / 2));
      const status = answer.status === 204 ? 200 : answer.status;
      return { ...rest, status, text, contentType: answer.contentType ?? 'application/json', deliberate: true };
    }
    case 'schema-drift':
      return { ...answer, body: drift(answer.body), deliberate: true };
    // The answer itself is right: what is wrong with it comes when it is signed.
    case 'bad-signature':
    case 'timeout-before':
    case 'timeout-after-effect':
    case 'reset-before':
    case 'reset-after-effect':
    case '500-before':
    case '500-after-effect':
    case '503':
    case '429':
    case '200-text':
    case 'slow':
    case 'held-up':
      return answer;
  }
};
