import type { ExecutionResult } from 'graphql';
import { Agent, type Dispatcher, request } from 'undici';
import { HouseError } from '../errors.ts';
import type { SignPrincipal } from '../principal/principal.ts';
import type { Subgraph } from './subgraph.ts';

/** A subgraph answers from its own database or within the platform's read deadline; ten seconds means it is stuck. */
const ANSWER_LIMIT_MS = 10_000;

/**
 * The subgraph behind `url`, with the same promise as a local one.
 * @throws HouseError `SERVICE_UNAVAILABLE` when it cannot be reached, refuses us, or does not answer in time.
 */
export const connectSubgraph = ({
  name,
  url,
  sign,
  dispatcher = new Agent({ connections: 64, pipelining: 1 }),
}: {
  name: string;
  url: string;
  sign: SignPrincipal;
  dispatcher?: Dispatcher;
}): Subgraph & { close(): Promise<void> } => ({
  name,
  execute: async ({ principal, traceId, query, variables, operationName }) => {
    const body = JSON.stringify({ query, variables, operationName });
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
        headersTimeout: ANSWER_LIMIT_MS,
        bodyTimeout: ANSWER_LIMIT_MS,
      });
      // A subgraph refuses our own signature, never the person: that is ours to mend.
      if (response.statusCode !== 200) throw new Error(`${name} answered ${response.statusCode}`);
      return (await response.body.json()) as ExecutionResult;
    } catch (cause) {
      throw new HouseError('SERVICE_UNAVAILABLE', { cause });
    }
  },
  close: () => dispatcher.close(),
});
