/** The public address: which request is GraphQL, what it is called in logs and metrics, and what becomes of a failure. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HTTPGraphQLResponse } from '@apollo/server';
import type { Random } from '@house/kernel/clock';
import type { Telemetry } from '@house/kernel/telemetry';
import { HttpRefusal } from '../refusal.ts';
import { answerGraphql, answerRefusal } from './answer.ts';
import { transportHeaders } from './headers.ts';
import { createMetrics } from './metrics.ts';
import { type Explorer, serveExplorer } from './serve-explorer.ts';

export const ENDPOINT = '/graphql';
const TRACE_ID_BYTES = 16;
/** In metrics only, for a client that left without an answer; the number is nginx's. */
const CLIENT_LEFT = 499;

/** An address that is not one leads nowhere. */
const urlOf = ({ url }: IncomingMessage): URL =>
  URL.parse(url ?? '/', 'http://gateway') ?? new URL('http://gateway/unreadable');

export type ServeRequests = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

/** What a request to the endpoint is answered by. */
export type Asking = {
  readonly url: URL;
  readonly traceId: string;
  /** Sets a header of the answer, whatever the answer will be. */
  readonly setHeader: (name: string, value: string) => void;
};

/**
 * Answers every request, and never rejects. Each gets an id of ours, answered in `x-request-id` and written with
 * everything that the log says about it.
 * @param serveGraphql answers a request to the endpoint, or throws an HttpRefusal.
 */
export const createServeRequests = ({
  serveGraphql,
  explorer,
  random,
  telemetry: { log, registry },
}: {
  serveGraphql: (incoming: IncomingMessage, asking: Asking) => Promise<HTTPGraphQLResponse>;
  explorer: Explorer | undefined;
  random: Random;
  telemetry: Telemetry;
}): ServeRequests => {
  const metrics = createMetrics(registry);
  const explore = explorer && serveExplorer({ explorer, random, endpoint: ENDPOINT });

  const answer = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    url: URL,
    traceId: string,
  ): Promise<void> => {
    if (await explore?.(incoming, outgoing, url)) return;
    if (url.pathname !== ENDPOINT)
      throw new HttpRefusal('NOT_FOUND', { status: 404, message: 'There is nothing at this address.' });
    const setHeader = (name: string, value: string): void => {
      if (!outgoing.headersSent) outgoing.setHeader(name, value);
    };
    answerGraphql(outgoing, await serveGraphql(incoming, { url, traceId, setHeader }));
  };

  const fail = (incoming: IncomingMessage, outgoing: ServerResponse, traceId: string, failure: unknown): void => {
    // The client left before its request was whole: there is nobody to answer and nothing to look into.
    if (outgoing.destroyed && !incoming.complete) return;
    const refusal =
      failure instanceof HttpRefusal ? failure : new HttpRefusal('INTERNAL', { cause: failure, status: 500 });
    const { error } = refusal;
    if (error.cause !== undefined) log.error('request-failed', { traceId, code: error.code, error });
    if (outgoing.headersSent) outgoing.destroy();
    else answerRefusal(incoming, outgoing, refusal);
  };

  return async (incoming, outgoing) => {
    const startedAt = performance.now();
    const traceId = Buffer.from(random(TRACE_ID_BYTES)).toString('hex');
    const url = urlOf(incoming);
    outgoing.setHeader('x-request-id', traceId);
    for (const [name, value] of Object.entries(transportHeaders(incoming))) outgoing.setHeader(name, value);
    outgoing.once('close', () => {
      const seconds = (performance.now() - startedAt) / 1_000;
      const route = url.pathname === ENDPOINT ? ENDPOINT : 'other';
      const status = outgoing.headersSent ? outgoing.statusCode : CLIENT_LEFT;
      metrics.requestEnded({ method: incoming.method ?? 'GET', route, status, seconds });
    });
    try {
      await answer(incoming, outgoing, url, traceId);
    } catch (failure) {
      fail(incoming, outgoing, traceId, failure);
    }
  };
};
