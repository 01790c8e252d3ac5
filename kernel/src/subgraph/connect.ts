import type { ExecutionResult } from 'graphql';
import { Agent, type Dispatcher } from 'undici';
import { HouseError } from '../errors.ts';
import type { SignPrincipal } from '../principal/principal.ts';
import { createDeadline, DEADLINE_HEADER, type Deadline, REQUEST_LIMIT_MS } from './deadline.ts';
import type { Subgraph } from './subgraph.ts';

/**
 * A connection that waits is ended by us, and long before the subgraph would end it (`listener.ts`): were it ended from
 * both sides, a request could leave in the moment in which the subgraph says good-bye.
 */
const KEPT_ALIVE_MS = 1_000;

const createAgent = (): Dispatcher =>
  new Agent({
    connections: 64,
    pipelining: 1,
    keepAliveTimeout: KEPT_ALIVE_MS,
    keepAliveMaxTimeout: KEPT_ALIVE_MS,
  });

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
 */
export const connectSubgraph = ({
  name,
  url,
  sign,
  dispatcher = createAgent(),
  answerLimitMs = REQUEST_LIMIT_MS,
}: {
  name: string;
  url: string;
  sign: SignPrincipal;
  dispatcher?: Dispatcher;
  answerLimitMs?: number;
}): Subgraph & { close(): Promise<void> } => {
  const { origin, pathname } = new URL(url);
  return {
    name,
    execute: async ({ principal, traceId, query, variables, operationName, deadline: given }) => {
      const body = JSON.stringify({ query, variables, operationName });
      const signed = sign(principal, name, body);
      const deadline = given ?? createDeadline(answerLimitMs);
      const attempt = () =>
        createAttempt(
          dispatcher,
          {
            origin,
            path: pathname,
            method: 'POST',
            body,
            headers: {
              'content-type': 'application/json',
              'x-principal': signed,
              'x-trace-id': traceId,
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
    close: () => dispatcher.close(),
  };
};
