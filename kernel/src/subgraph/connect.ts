import type { ExecutionResult } from 'graphql';
import type { Dispatcher } from 'undici';
import { HouseError } from '../errors.ts';
import type { SignPrincipal } from '../principal/principal.ts';
import type { Watched } from '../watched-files.ts';
import { plainConnections, secureConnections } from './connections.ts';
import { createDeadline, DEADLINE_HEADER, type Deadline, REQUEST_LIMIT_MS } from './deadline.ts';
import type { Subgraph } from './subgraph.ts';
import type { Credentials } from './tls.ts';

/** What says that the connection is gone, or never was. */
const LOST: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

type Answer = { readonly status: number; readonly text: string };

/** One attempt to get an answer, until `deadline`. */
const createAttempt = (dispatcher: Dispatcher, options: Dispatcher.DispatchOptions, deadline: Deadline) => {
  const { promise: answered, resolve, reject } = Promise.withResolvers<Answer>();
  const chunks: Buffer[] = [];
  let status = 0;
  let begun: Dispatcher.DispatchController | undefined;
  const send = (): Promise<Answer> => {
    dispatcher.dispatch(options, {
      onRequestStart: (controller) => {
        // It waited for a connection until its time was over. Thrown, it leaves the connection to the next one.
        deadline.requireTime();
        begun = controller;
      },
      onResponseStart: (_controller, code) => {
        status = code;
      },
      // Read to its end in any case: unread, a long refusal would keep its connection for ever.
      onResponseData: (_controller, chunk) => void (status === 200 && chunks.push(chunk)),
      onResponseEnd: () => resolve({ status, text: Buffer.concat(chunks).toString('utf8') }),
      onResponseError: (_controller, error) => reject(error),
    });
    return answered;
  };
  return {
    answer: async (): Promise<Answer> => {
      try {
        return await deadline.bound(send);
      } catch (error) {
        // Only what nobody waits for any longer is still under way here.
        begun?.abort(error as Error);
        throw error;
      }
    },
    /** Whether a byte may have left: before that nothing can have come of it. */
    hasBegun: (): boolean => begun !== undefined,
  };
};

/** Nothing of the text is repeated: it may be anybody's data. */
const parseAnswer = (text: string, name: string): ExecutionResult => {
  try {
    return JSON.parse(text) as ExecutionResult;
  } catch {
    throw new Error(`${name} did not answer in JSON`);
  }
};

/** A document in which the word does not stand holds no mutation, whichever of its operations is meant. */
const mayChange = (query: string): boolean => /\bmutation\b/.test(query);

/**
 * The subgraph behind `url`, with the same promise as a local one. A request whose connection is lost is sent once more
 * when it certainly had no effect: nothing of it had left, or it holds no mutation.
 * @throws HouseError `SERVICE_UNAVAILABLE` when it cannot be reached or refuses us, `DEADLINE_EXCEEDED` when it does not
 * answer in time; the time in which a request waits for a connection counts.
 * @param credentials by which the two know each other; needed when `url` is https.
 * @param dispatcher instead of connections of our own.
 */
export const connectSubgraph = ({
  name,
  url,
  sign,
  credentials,
  dispatcher,
  answerLimitMs = REQUEST_LIMIT_MS,
}: {
  name: string;
  url: string;
  sign: SignPrincipal;
  credentials?: Watched<Credentials> | undefined;
  dispatcher?: Dispatcher;
  answerLimitMs?: number;
}): Subgraph & { close(): Promise<void> } => {
  const { origin, pathname, protocol } = new URL(url);
  // Otherwise whom we ask would be known by the authorities of the system, and we by nobody.
  if ((protocol === 'https:') !== (credentials !== undefined))
    throw new TypeError(`${url} does not go with certificates`);
  const connections = credentials ? secureConnections(name, credentials) : plainConnections();
  return {
    name,
    execute: async ({ principal, traceId, query, variables, operationName, deadline: given }) => {
      const body = JSON.stringify({ query, variables, operationName });
      const deadline = given ?? createDeadline(answerLimitMs);
      const attempt = () =>
        createAttempt(
          dispatcher ?? connections.current(),
          {
            origin,
            path: pathname,
            method: 'POST',
            body,
            headers: {
              'content-type': 'application/json',
              // Anew for each attempt: none is accepted twice.
              'x-principal': sign(principal, { audience: name, body, traceId }),
              [DEADLINE_HEADER]: String(Math.floor(deadline.leftMs())),
            },
          },
          deadline,
        );
      const first = attempt();
      try {
        const { status, text } = await first.answer().catch((error: { code?: unknown }) => {
          if (!LOST.has(error.code) || (first.hasBegun() && mayChange(query))) throw error;
          return attempt().answer();
        });
        // A subgraph refuses our own signature, never the person: that is ours to mend.
        if (status !== 200) throw new Error(`${name} answered ${status}`);
        return parseAnswer(text, name);
      } catch (cause) {
        if (cause instanceof HouseError) throw cause;
        throw new HouseError('SERVICE_UNAVAILABLE', { cause });
      }
    },
    close: async () => {
      await Promise.all([connections.close(), dispatcher?.close()]);
    },
  };
};
