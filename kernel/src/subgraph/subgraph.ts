/**
 * A subgraph is one function, wherever it runs: in this process (`createSubgraph`) or behind HTTP
 * (`serveSubgraph` on one side, `connectSubgraph` on the other). The gateway cannot tell the difference.
 */
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql';
import { CATALOGUE, HouseError } from '../errors.ts';
import type { Principal } from '../principal/principal.ts';
import type { Log } from '../telemetry.ts';

export type SubgraphRequest = {
  /** The text of one document. */
  query: string;
  variables?: Readonly<Record<string, unknown>> | undefined;
  operationName?: string | undefined;
  principal: Principal;
  traceId: string;
};

/** Promises an answer of the GraphQL form; rejects only when the subgraph cannot be reached at all. */
export type Subgraph = {
  readonly name: string;
  execute(request: SubgraphRequest): Promise<ExecutionResult>;
};

/** The gateway's query plans repeat: their documents are parsed and validated once. */
const DOCUMENTS_KEPT = 1_000;

/** What may leave the subgraph of an error: the public message and the code; the rest goes to the log. */
const present = (error: GraphQLError, { log, traceId }: { log: Log; traceId: string }): GraphQLError => {
  const original = error.originalError;
  if (original instanceof HouseError) {
    if (original.cause !== undefined) log.warn('refused', { code: original.code, traceId, error: original.cause });
    const { code, message, retryAfterSeconds } = original;
    return new GraphQLError(message, {
      path: error.path,
      extensions: { code, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
    });
  }
  // Without a path nothing was resolved yet: a variable is of the wrong kind, whatever its scalar threw.
  if (!original || !error.path)
    return new GraphQLError(error.message, { path: error.path, extensions: { code: 'BAD_USER_INPUT' } });
  log.error('resolver-failed', { traceId, error: original });
  return new GraphQLError(CATALOGUE.INTERNAL.message, { path: error.path, extensions: { code: 'INTERNAL' } });
};

/**
 * A subgraph in this process.
 * @param createContext makes the resolvers' context, once a request, so that loaders never outlive it.
 */
export const createSubgraph = <Context>({
  name,
  schema,
  createContext,
  log,
}: {
  name: string;
  schema: GraphQLSchema;
  createContext: (request: SubgraphRequest) => Context;
  log: Log;
}): Subgraph => {
  const documents = new Map<string, DocumentNode | readonly GraphQLError[]>();
  const prepare = (query: string): DocumentNode | readonly GraphQLError[] => {
    const known = documents.get(query);
    if (known) return known;
    let prepared: DocumentNode | readonly GraphQLError[];
    try {
      const document = parse(query);
      const errors = validate(schema, document);
      prepared = errors.length > 0 ? errors : document;
    } catch (error) {
      prepared = [error as GraphQLError];
    }
    if (documents.size >= DOCUMENTS_KEPT) documents.clear();
    documents.set(query, prepared);
    return prepared;
  };

  return {
    name,
    execute: async (request) => {
      const { query, variables, operationName, traceId } = request;
      const document = prepare(query);
      if (!('kind' in document)) return { errors: document.map((error) => present(error, { log, traceId })) };
      const result = await execute({
        schema,
        document,
        contextValue: createContext(request),
        variableValues: variables,
        operationName,
      });
      if (!result.errors) return result;
      return { ...result, errors: result.errors.map((error) => present(error, { log, traceId })) };
    },
  };
};

export { connectSubgraph } from './connect.ts';
export { DateTime } from './scalars.ts';
export { serveSubgraph } from './serve.ts';
