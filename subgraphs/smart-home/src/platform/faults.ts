/**
 * What an answer of the platform, or the lack of one, means: one table. `effect` is the question that matters for doors:
 * can it have done something? (RFC 9110 §15 for statuses, RFC 9457 for problem types.)
 */
import type { ErrorCode } from '@house/kernel/errors';
import type { Outcome } from '@house/kernel/outbox';

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

/** Problem types that mean something else than their status does. */
const BY_PROBLEM: Readonly<Record<string, Pick<Fault, 'effect' | 'transient' | 'code'>>> = {
  'access-point-busy': { effect: 'none', transient: true, code: 'ACCESS_POINT_BUSY' },
  'access-point-locked-down': { effect: 'none', transient: false, code: 'ACCESS_POINT_LOCKED_DOWN' },
  // The platform knows the key: an attempt of ours arrived, and what we would send now differs from it.
  'idempotency-key-reused': { effect: 'possible', transient: true, code: 'REFUSED_BY_PLATFORM' },
  'idempotency-in-progress': { effect: 'possible', transient: true, code: 'PLATFORM_UNAVAILABLE' },
  'device-offline': { effect: 'none', transient: true, code: 'DEVICE_OFFLINE' },
};

const byStatus = (status: number): Pick<Fault, 'effect' | 'transient' | 'code'> => {
  if (status === 401 || status === 408 || status === 425 || status === 429 || status === 503)
    return { effect: 'none', transient: true, code: 'PLATFORM_UNAVAILABLE' };
  if (status >= 400 && status < 500) return { effect: 'none', transient: false, code: 'REFUSED_BY_PLATFORM' };
  if (status === 501) return { effect: 'none', transient: false, code: 'CAPABILITY_MISSING' };
  return {
    effect: 'possible',
    transient: true,
    code: status >= 500 ? 'PLATFORM_UNAVAILABLE' : 'PLATFORM_CONTRACT_BROKEN',
  };
};

export const faultOf = (status: number, problem?: string, retryAfterMs?: number): Fault => ({
  ...((problem && BY_PROBLEM[problem]) || byStatus(status)),
  status,
  ...(problem && { problem }),
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});

/** An answer that is not what the contract promises; whatever it says, something may have happened. */
export const CONTRACT_BROKEN: Fault = { effect: 'possible', transient: true, code: 'PLATFORM_CONTRACT_BROKEN' };

/** Kept back because its time was over. */
export const TOO_LATE: Fault = { effect: 'unsent', transient: true, code: 'DEADLINE_PASSED' };

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

/**
 * `Retry-After` in both forms (RFC 9110 §10.2.3), in milliseconds from `now`.
 * @returns undefined when absent or unreadable.
 */
export const parseRetryAfter = (value: string | undefined, now: Date): number | undefined => {
  if (!value) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
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
