import { EventEmitter } from 'node:events';
import type { ExecutionResult } from 'graphql';
import { Agent, type Dispatcher, request } from 'undici';
import { HouseError } from '../errors.ts';
import type { SignPrincipal } from '../principal/principal.ts';
import type { Subgraph } from './subgraph.ts';

/**
 * A subgraph answers from its own database or within the platform's read deadline; ten seconds means it is stuck. The
 * time in which a request waits for a connection counts.
 */
const ANSWER_LIMIT_MS = 10_000;

/** Nothing of the text is repeated: it may be anybody's data. */
const parseAnswer = (text: string, name: string): ExecutionResult => {
  try {
    return JSON.parse(text) as ExecutionResult;
  } catch {
    throw new Error(`${name} did not answer in JSON`);
  }
};

/**
 * The subgraph behind `url`, with the same promise as a local one.
 * @throws HouseError `SERVICE_UNAVAILABLE` when it cannot be reached, refuses us, or does not answer in time.
 */
export const connectSubgraph = ({
  name,
  url,
  sign,
  dispatcher = new Agent({ connections: 64, pipelining: 1 }),
  answerLimitMs = ANSWER_LIMIT_MS,
}: {
  name: string;
  url: string;
  sign: SignPrincipal;
  dispatcher?: Dispatcher;
  answerLimitMs?: number;
}): Subgraph & { close(): Promise<void> } => ({
  name,
  execute: async ({ principal, traceId, query, variables, operationName }) => {
    const body = JSON.stringify({ query, variables, operationName });
    // For each request: undici takes an emitter too, at a tenth of what an AbortController costs.
    const patience = new EventEmitter();
    const timer = setTimeout(() => patience.emit('abort'), answerLimitMs);
    try {
      const response = await request(url, {
        method: 'POST',
        dispatcher,
        body,
        headers: {
          'content-type': 'application/json',
          'x-principal': sign(principal, name, body),
          'x-trace-id': traceId,
        },
        signal: patience,
      });
      if (response.statusCode !== 200) {
        // Unread, a long answer would keep its connection for ever.
        await response.body.dump();
        // A subgraph refuses our own signature, never the person: that is ours to mend.
        throw new Error(`${name} answered ${response.statusCode}`);
      }
      return parseAnswer(await response.body.text(), name);
    } catch (cause) {
      throw new HouseError('SERVICE_UNAVAILABLE', { cause });
    } finally {
      clearTimeout(timer);
    }
  },
  close: () => dispatcher.close(),
});
