/**
 * The one place that speaks HTTP to the platform: TLS, signatures, deadline, statuses, and the guard that keeps requests
 * from a platform that is down. It translates nothing and retries nothing.
 */
import type { Clock, Random } from '@house/kernel/clock';
import type { Telemetry } from '@house/kernel/telemetry';
import { Histogram } from 'prom-client';
import {
  CERTIFICATE_CHANGED,
  CONTRACT_BROKEN,
  conditionOf,
  faultOf,
  heldBack,
  PlatformFault,
  parseRetryAfter,
  TOO_LATE,
} from './faults.ts';
import type { Guard, GuardKey } from './guard.ts';
import { createAlarms } from './transport/alarms.ts';
import { createChannels } from './transport/channels.ts';
import { createSend } from './transport/send.ts';
import { createSignRequest } from './transport/sign-request.ts';
import type { PlatformTrust } from './transport/trust.ts';
import { createVerifyAnswer } from './transport/verify-answer.ts';

export type PlatformRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root, with the version: `/api/v2/units/…`. */
  path: string;
  /** The path with its ids left out, for metrics. */
  route: string;
  /** Absent for what belongs to no site: discovery and tokens. */
  siteId?: number;
  /** Has a guard of its own: what becomes of it says nothing about doors, tokens and discovery. */
  guardedAs?: 'webhooks';
  /** It was asked before and is asked again: there is a budget for that. */
  repeat?: boolean;
  /** What the answer itself says of its status, where HTTP's does not tell everything. */
  statusOf?: (answer: PlatformAnswer) => { status: number; problem?: string | undefined };
  headers?: Readonly<Record<string, string>>;
  json?: unknown;
  form?: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** Not a byte leaves after it, however long a token or a connection took. */
  notAfter?: Date;
  /** Signed, and its answer believed only when that is signed too: the second version (§5.8). */
  signed?: boolean;
  /** Leaves only by a connection that shows this certificate: its token counts nowhere else. */
  certificate?: string | undefined;
};

export type PlatformAnswer = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
};

export type PlatformClient = {
  readonly url: string;
  /** Resolves with any answer at all; rejects with `PlatformFault` when there is none. */
  exchange(request: PlatformRequest): Promise<PlatformAnswer>;
  /** What a request that left now would show of ours (`x5t#S256`); undefined without TLS. */
  certificate(): string | undefined;
  close(): Promise<void>;
};

/** Told of every exchange but those with a guard of their own, so that health is known without asking. */
export type Witness = (siteId: number | undefined, reachable: boolean) => void;

const guardKeyOf = ({ siteId, guardedAs }: PlatformRequest): GuardKey => guardedAs ?? siteId ?? 'platform';

export const createPlatformClient = ({
  url,
  clientId,
  trust,
  guard,
  witness,
  clock,
  random,
  telemetry,
}: {
  url: string;
  /** Whose signature our requests carry. */
  clientId: string;
  trust: PlatformTrust;
  guard: Guard;
  witness: Witness;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
}): PlatformClient => {
  const alarms = createAlarms(telemetry);
  const channels = createChannels({ tls: trust.tls, alarms });
  const send = createSend({
    url,
    sign: createSignRequest({ ...trust, clientId, clock, random }),
    verify: createVerifyAnswer({ ...trust, clock }),
    alarms,
    clock,
  });
  const durations = new Histogram({
    name: 'http_client_request_duration_seconds',
    help: 'Requests to the platform, by route and status.',
    labelNames: ['http_request_method', 'http_route', 'http_response_status_code', 'error_type'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
    registers: [telemetry.registry],
  });

  const testify = ({ siteId, guardedAs }: PlatformRequest, reachable: boolean): void => {
    if (!guardedAs) witness(siteId, reachable);
  };
  /** What the answer says about the platform, to whoever has to know. */
  const learn = (asked: PlatformRequest, answer: PlatformAnswer): void => {
    const { status, problem } = asked.statusOf?.(answer) ?? { status: answer.status, problem: undefined };
    const key = guardKeyOf(asked);
    const condition = conditionOf(status, problem, parseRetryAfter(headerOf(answer, 'retry-after'), clock()));
    if (typeof condition === 'object') guard.pause(key, condition.pauseMs);
    else guard.report(key, condition);
    testify(asked, condition === 'answered' || status < 500);
  };

  return {
    url,
    certificate: () => channels.current().certificate,
    exchange: async (asked) => {
      const { method, route, signal, certificate, repeat = false } = asked;
      const key = guardKeyOf(asked);
      const channel = channels.current();
      if (certificate !== undefined && certificate !== channel.certificate)
        throw new PlatformFault(CERTIFICATE_CHANGED);
      const wait = guard.holdsBack(key, { repeat });
      if (wait !== undefined) throw new PlatformFault(heldBack(wait));
      const started = clock().getTime();
      const observe = (status: number | undefined, errorType: string): void =>
        durations.observe(
          {
            http_request_method: method,
            http_route: route,
            http_response_status_code: String(status ?? ''),
            error_type: errorType,
          },
          (clock().getTime() - started) / 1_000,
        );
      const answer = await send(asked, channel).catch((error: unknown) => {
        if (!(error instanceof PlatformFault)) throw error;
        const { fault } = error;
        observe(undefined, fault.problem ?? fault.effect);
        const isLate = fault === TOO_LATE;
        // Given up while it waited for a connection: those of other sites may have had them all.
        const isNotTried = fault.effect === 'unsent' && signal.aborted;
        if (!isLate && !isNotTried) guard.report(key, 'failed');
        if (!isLate) testify(asked, false);
        throw error;
      });
      observe(answer.status, '');
      learn(asked, answer);
      return answer;
    },
    close: () => channels.close(),
  };
};

export const headerOf = (answer: PlatformAnswer, name: string): string | undefined => {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** @throws PlatformFault `PLATFORM_CONTRACT_BROKEN` when the text is not JSON. */
export const jsonOf = (answer: PlatformAnswer): unknown => {
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw new PlatformFault({ ...CONTRACT_BROKEN, status: answer.status }, cause);
  }
};

/** @throws PlatformFault unless the status is a success. */
export const requireSuccess = (answer: PlatformAnswer, problem: string | undefined, now: Date): void => {
  if (answer.status >= 200 && answer.status < 400) return;
  throw new PlatformFault(faultOf(answer.status, problem, parseRetryAfter(headerOf(answer, 'retry-after'), now)));
};

/** A value that does not fit the contract. */
export const contractBroken = (cause: unknown): PlatformFault => new PlatformFault(CONTRACT_BROKEN, cause);
