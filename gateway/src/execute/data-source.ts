import type { GraphQLDataSource } from '@apollo/gateway';
import { type ErrorCode, HouseError, isErrorCode } from '@house/kernel/errors';
import type { Subgraph } from '@house/kernel/subgraph';
import type { Log } from '@house/kernel/telemetry';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import type { RequestContext } from '../operation.ts';

/** Codes that a subgraph gives to its caller, that is to us: told to the person they would be a lie. */
const OUR_FAULT: ReadonlySet<ErrorCode> = new Set(['UNAUTHENTICATED']);

type Answer = Awaited<ReturnType<GraphQLDataSource['process']>>;

/** Errors come as objects of graphql-js or, over HTTP, as JSON. */
const present = ({ message, path, extensions }: GraphQLFormattedError | GraphQLError): GraphQLFormattedError => {
  const { code, retryAfterSeconds } = extensions ?? {};
  if (!isErrorCode(code) || OUR_FAULT.has(code))
    return { ...(path && { path }), message: new HouseError('INTERNAL').message, extensions: { code: 'INTERNAL' } };
  return {
    ...(path && { path }),
    message,
    extensions: { code, ...(typeof retryAfterSeconds === 'number' && { retryAfterSeconds }) },
  };
};

/**
 * How the plan's executor reaches a subgraph: through the port, never by HTTP of @apollo/gateway's own, and not at all
 * once the request's time is over.
 */
export const createDataSource = ({ subgraph, log }: { subgraph: Subgraph; log: Log }): GraphQLDataSource => ({
  process: async ({ request, context }): Promise<Answer> => {
    const { principal, traceId, ...asked } = context as RequestContext;
    const { query = '', variables, operationName } = request;
    const deadline = asked.deadline.next();
    try {
      deadline.requireTime();
      const { data, errors } = await subgraph.execute({
        query,
        variables,
        operationName,
        principal,
        traceId,
        deadline,
      });
      return { ...(data !== undefined && { data }), ...(errors && { errors: errors.map(present) }) };
    } catch (cause) {
      const { message, code } = cause instanceof HouseError ? cause : new HouseError('INTERNAL');
      if (code === 'DEADLINE_EXCEEDED') log.warn('subgraph-too-late', { traceId, resource: subgraph.name });
      else log.error('subgraph-unreachable', { traceId, resource: subgraph.name, error: cause });
      return { errors: [present({ message, extensions: { code } })] };
    }
  },
});
