/**
 * What an answer of the platform, or the lack of one, means: one table. `effect` is the question that matters for doors:
 * can it have done something? (RFC 9110 §15 for statuses, RFC 9457 for problem types.)
 */
import type { ErrorCode } from '@house/kernel/errors';
import { type Outcome, RETRY_AFTER_LIMIT_MS } from '@house/kernel/outbox';

export type Fault = {
  /** `unsent`: no byte reached the platform. `none`: it answered and did nothing. `possible`: nobody knows yet. */
  effect: 'unsent' | 'none' | 'possible';
  /** Whether the same request may succeed later. */
  transient: boolean;
  code: ErrorCode;
  retryAfterMs?: number;
  /** For the log. */
  status?: number;
  problem?: string;
};

/** Thrown by the client for everything but a well-formed success. */
export class PlatformFault extends Error {
  override readonly name = 'PlatformFault';
  readonly fault: Fault;
  constructor(fault: Fault, cause?: unknown) {
    super(`${fault.status ?? fault.effect} ${fault.problem ?? fault.code}`, { cause });
    this.fault = fault;
  }
}

type Verdict = Pick<Fault, 'effect' | 'transient' | 'code'>;

/** It answered, did nothing, and would do nothing the next time either. */
const REFUSED: Verdict = { effect: 'none', transient: false, code: 'REFUSED_BY_PLATFORM' };
/** It answered that it did nothing now. */
const NOT_NOW: Verdict = { effect: 'none', transient: true, code: 'PLATFORM_UNAVAILABLE' };
const NOBODY_KNOWS: Verdict = { effect: 'possible', transient: true, code: 'PLATFORM_UNAVAILABLE' };

/** Every problem type of the contract (§5.5), whatever its status. */
const BY_PROBLEM: ReadonlyMap<string, Verdict> = new Map(
  Object.entries<Verdict>({
    'invalid-request': REFUSED,
    'idempotency-key-missing': REFUSED,
    'version-not-supported': REFUSED,
    // The session signs in anew and asks once more before anybody hears of it.
    unauthorized: NOT_NOW,
    // Its signature had been seen before: a copy of the request came first, and what that did nobody here knows.
    'signature-invalid': NOBODY_KNOWS,
    'insufficient-scope': REFUSED,
    'consent-required': REFUSED,
    'consent-withdrawn': REFUSED,
    'not-found': REFUSED,
    'access-point-busy': { ...NOT_NOW, code: 'ACCESS_POINT_BUSY' },
    'idempotency-in-progress': NOBODY_KNOWS,
    'state-conflict': REFUSED,
    gone: REFUSED,
    'precondition-failed': REFUSED,
    'payload-too-large': REFUSED,
    // The platform knows the key: an attempt of ours arrived, and what we would send now differs from it.
    'idempotency-key-reused': { ...NOBODY_KNOWS, code: 'REFUSED_BY_PLATFORM' },
    'plate-invalid': REFUSED,
    'face-quality': REFUSED,
    'reading-below-previous': REFUSED,
    'access-point-locked-down': { ...REFUSED, code: 'ACCESS_POINT_LOCKED_DOWN' },
    'precondition-required': REFUSED,
    'too-many-requests': NOT_NOW,
    'temporary-reduced-capacity': NOT_NOW,
    'device-offline': { ...NOT_NOW, code: 'DEVICE_OFFLINE' },
    'upstream-timeout': NOBODY_KNOWS,
  }),
);

/** What no problem type explains: proxies before the platform, the first version, and types that came after the contract. */
const byStatus = (status: number): Verdict => {
  if (status === 401 || status === 408 || status === 425 || status === 429 || status === 503) return NOT_NOW;
  if (status >= 400 && status < 500) return REFUSED;
  if (status === 501) return { ...REFUSED, code: 'CAPABILITY_MISSING' };
  return status >= 500 ? NOBODY_KNOWS : { ...NOBODY_KNOWS, code: 'PLATFORM_CONTRACT_BROKEN' };
};

const OF_PLATE: ReadonlySet<string> = new Set([
  'plate-invalid',
  'state-conflict',
  'consent-required',
  'consent-withdrawn',
]);

/**
 * Whether what the platform calls its refusal may be about the plate that was asked for: what the contract says of plates,
 * and what nobody here knows. Without a word it is not the platform's own, which always says why.
 */
export const mayBeOfPlate = (problem: string | undefined): boolean =>
  problem !== undefined && (OF_PLATE.has(problem) || !BY_PROBLEM.has(problem));

export const faultOf = (status: number, problem?: string, retryAfterMs?: number): Fault => ({
  ...(BY_PROBLEM.get(problem ?? '') ?? byStatus(status)),
  status,
  ...(problem && { problem }),
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});

/**
 * What an answer says about the platform itself, for the guard. A status of 500 or more is a failure; but 429, and 503
 * with `Retry-After`, are a word about when to come back (0: it does not say), and a single device that is offline is none
 * of the others' business.
 */
export const conditionOf = (
  status: number,
  problem?: string,
  retryAfterMs?: number,
): 'answered' | 'failed' | { pauseMs: number } => {
  if (problem === 'device-offline' || status === 501) return 'answered';
  if (status === 429) return { pauseMs: retryAfterMs ?? 0 };
  if (status === 503 && retryAfterMs !== undefined) return { pauseMs: retryAfterMs };
  return status >= 500 ? 'failed' : 'answered';
};

/** An answer that is not what the contract promises; whatever it says, something may have happened. */
export const CONTRACT_BROKEN: Fault = { effect: 'possible', transient: true, code: 'PLATFORM_CONTRACT_BROKEN' };

/**
 * An answer that is not signed as the contract says (§5.8): neither its status nor its body is believed. Whoever is between
 * us and the platform can make a 503 or a 401, and must not make of a door that opened one that certainly did not.
 */
export const UNPROVEN: Fault = { ...CONTRACT_BROKEN, problem: 'answer-unproven' };

/** Kept back because its token belongs to another certificate than the connection (RFC 8705 §3). */
export const CERTIFICATE_CHANGED: Fault = {
  effect: 'unsent',
  transient: true,
  code: 'PLATFORM_UNAVAILABLE',
  problem: 'certificate-changed',
};

/** Kept back because its time was over. */
export const TOO_LATE: Fault = { effect: 'unsent', transient: true, code: 'DEADLINE_PASSED' };

export const HELD_BACK = 'held-back';

/** Kept back because the platform is known to be down, or asked for a pause, or was repeated to enough. */
export const heldBack = (retryAfterMs: number): Fault => ({
  effect: 'unsent',
  transient: true,
  code: 'PLATFORM_UNAVAILABLE',
  retryAfterMs,
  problem: HELD_BACK,
});

/**
 * What the HTTP client threw. Not its code but whether the request had begun to leave decides what is possible: the same
 * broken connection is harmless before it and unknown after it.
 */
export const networkFault = (error: unknown, effect: 'unsent' | 'possible'): Fault => {
  const code = (error as { code?: unknown })?.code;
  return {
    effect,
    transient: true,
    code: 'PLATFORM_UNAVAILABLE',
    ...(typeof code === 'string' && { problem: code }),
  };
};

/** The three forms of a date in HTTP (RFC 9110 §5.6.7); the last names no zone and means GMT. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * `Retry-After` in both forms (RFC 9110 §10.2.3), in milliseconds from `now`, an hour at most.
 * @returns undefined when absent or unreadable.
 */
export const parseRetryAfter = (value: string | undefined, now: Date): number | undefined => {
  const text = value?.trim() ?? '';
  const until = HTTP_DATE.test(text)
    ? Date.parse(text)
    : ASCTIME_DATE.test(text)
      ? Date.parse(`${text} GMT`)
      : Number.NaN;
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : until - now.getTime();
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, wait), RETRY_AFTER_LIMIT_MS);
};

/** What a fault means for a command. `repeatable` and `next` are what this command and this version allow. */
export const outcomeOf = (
  error: unknown,
  allowed: { repeatable: boolean; next: 'repeat' | 'ask' | 'nothing' },
): Outcome => {
  if (!(error instanceof PlatformFault)) throw error;
  const { effect, transient, code, retryAfterMs } = error.fault;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (effect === 'unsent') return { is: 'not-sent', code, ...wait };
  if (effect === 'possible') return { is: 'ambiguous', next: allowed.next };
  return transient ? { is: 'not-taken', code, repeatable: allowed.repeatable, ...wait } : { is: 'failed', code };
};

/** Runs what comes before a command's own request: whatever goes wrong there, the command itself was not sent and may be. */
export const beforeSending = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PlatformFault)
      throw new PlatformFault({ ...error.fault, effect: 'unsent', transient: true }, error);
    throw error;
  }
};
