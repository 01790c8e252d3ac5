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

/** How the plan's executor reaches a subgraph: through the port, never by HTTP of @apollo/gateway's own. */
export const createDataSource = ({ subgraph, log }: { subgraph: Subgraph; log: Log }): GraphQLDataSource => ({
  process: async ({ request, context }): Promise<Answer> => {
    const { principal, traceId } = context as RequestContext;
    const { query = '', variables, operationName } = request;
    try {
      const { data, errors } = await subgraph.execute({ query, variables, operationName, principal, traceId });
      return { ...(data !== undefined && { data }), ...(errors && { errors: errors.map(present) }) };
    } catch (cause) {
      log.error('subgraph-unreachable', { traceId, resource: subgraph.name, error: cause });
      const { message, code } = cause instanceof HouseError ? cause : new HouseError('INTERNAL');
      return { errors: [present({ message, extensions: { code } })] };
    }
  },
});
