/**
 * The one place that speaks HTTP to the platform: TLS, deadline, statuses, and the guard that keeps requests from a
 * platform that is down. It translates nothing and retries nothing.
 */
import type { Clock } from '@house/kernel/clock';
import type { Telemetry } from '@house/kernel/telemetry';
import { Histogram } from 'prom-client';
import { Agent, type Dispatcher, request } from 'undici';
import {
  CONTRACT_BROKEN,
  conditionOf,
  faultOf,
  heldBack,
  networkFault,
  PlatformFault,
  parseRetryAfter,
  TOO_LATE,
} from './faults.ts';
import type { Guard } from './guard.ts';

export type PlatformRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root, with the version: `/api/v2/units/…`. */
  path: string;
  /** The path with its ids left out, for metrics. */
  route: string;
  /** Absent for what belongs to no site: discovery and tokens. */
  siteId?: number;
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
  close(): Promise<void>;
};

/** A TLS handshake on a healthy network takes a fraction of this. */
const CONNECT_LIMIT_MS = 1_500;
/** Lists of one unit are a few kilobytes; a megabyte is not an answer of this contract. */
const ANSWER_LIMIT_BYTES = 1_000_000;

/** Whether a request has begun to leave: before that it had no effect, after that nobody knows until it is answered. */
type Departure = { begun: boolean };

/** The last moment before the bytes: the request is kept back here when its time is over. */
const watchDeparture =
  (departure: Departure, isTooLate: () => boolean): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        handler.onRequestStart?.(controller, context);
        if (controller.aborted) return;
        if (isTooLate()) controller.abort(new Error('its time was over before it could leave'));
        else departure.begun = true;
      },
      onRequestUpgrade: (...given) => handler.onRequestUpgrade?.(...given),
      onResponseStart: (...given) => handler.onResponseStart?.(...given),
      onResponseData: (...given) => handler.onResponseData?.(...given),
      onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
      onResponseError: (...given) => handler.onResponseError?.(...given),
    });

/** Undici tells a request that waits for a connection of its abort only once it has one. */
export const orAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};

/** Told of every exchange, so that health is known without asking. */
export type Witness = (siteId: number | undefined, reachable: boolean) => void;

export const createPlatformClient = ({
  url,
  caPem,
  guard,
  witness,
  clock,
  telemetry,
}: {
  url: string;
  /** Trusted authorities; the system's own when absent. */
  caPem?: string | undefined;
  guard: Guard;
  witness: Witness;
  clock: Clock;
  telemetry: Telemetry;
}): PlatformClient => {
  const dispatcher: Dispatcher = new Agent({
    connections: 32,
    pipelining: 1,
    maxResponseSize: ANSWER_LIMIT_BYTES,
    connect: { timeout: CONNECT_LIMIT_MS, minVersion: 'TLSv1.2', ...(caPem && { ca: caPem }) },
  });
  const durations = new Histogram({
    name: 'http_client_request_duration_seconds',
    help: 'Requests to the platform, by route and status.',
    labelNames: ['http_request_method', 'http_route', 'http_response_status_code', 'error_type'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
    registers: [telemetry.registry],
  });

  /** What the answer says about the platform, to whoever has to know. */
  const learn = ({ siteId, statusOf }: PlatformRequest, answer: PlatformAnswer): void => {
    const { status, problem } = statusOf?.(answer) ?? { status: answer.status, problem: undefined };
    const key = siteId ?? 'platform';
    const condition = conditionOf(status, problem, parseRetryAfter(headerOf(answer, 'retry-after'), clock()));
    if (typeof condition === 'object') guard.pause(key, condition.pauseMs);
    else guard.report(key, condition);
    witness(siteId, condition === 'answered' || status < 500);
  };

  return {
    url,
    exchange: async (asked) => {
      const { method, path, route, siteId, headers, json, form, signal, notAfter, repeat = false } = asked;
      const wait = guard.holdsBack(siteId ?? 'platform', { repeat });
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
      const body = json === undefined ? form && new URLSearchParams(form).toString() : JSON.stringify(json);
      const type = json === undefined ? form && 'application/x-www-form-urlencoded' : 'application/json';
      const departure: Departure = { begun: false };
      const isTooLate = (): boolean => notAfter !== undefined && clock() >= notAfter;
      let answer: PlatformAnswer;
      try {
        const sent = request(url + path, {
          method,
          dispatcher: dispatcher.compose(watchDeparture(departure, isTooLate)),
          signal,
          headers: { accept: 'application/json', ...(type && { 'content-type': type }), ...headers },
          ...(body !== undefined && { body }),
        });
        const received = await orAborted(sent, signal);
        answer = { status: received.statusCode, headers: received.headers, text: await received.body.text() };
      } catch (error) {
        const isLate = !departure.begun && isTooLate();
        const fault = isLate ? TOO_LATE : networkFault(error, departure.begun ? 'possible' : 'unsent');
        observe(undefined, fault.problem ?? fault.effect);
        // Given up while it waited for a connection: those of other sites may have had them all.
        const isNotTried = !departure.begun && signal.aborted;
        if (!isLate && !isNotTried) guard.report(siteId ?? 'platform', 'failed');
        if (!isLate) witness(siteId, false);
        throw new PlatformFault(fault, error);
      }
      observe(answer.status, '');
      learn(asked, answer);
      return answer;
    },
    close: () => dispatcher.close(),
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
