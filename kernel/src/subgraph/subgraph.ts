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
  isObjectType,
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

/** What a resolver threw, without what graphql-js and `placeErrors` put around it. */
const thrownBy = (error: unknown): unknown =>
  error instanceof GraphQLError && error.originalError ? thrownBy(error.originalError) : error;

/**
 * What may leave the subgraph of an error: the public message and the code; the rest goes to the log. Before anything
 * was resolved the asker is at fault: a variable is of the wrong kind, whatever its scalar threw.
 */
const present = (
  error: GraphQLError,
  { log, traceId, isResolved }: { log: Log; traceId: string; isResolved: boolean },
): GraphQLError => {
  const thrown = thrownBy(error);
  // Where graphql-js gave no place, the thrown error may have a `path` that is another one.
  const path = error === thrown ? undefined : error.path;
  if (thrown instanceof HouseError) {
    if (thrown.cause !== undefined) log.warn('refused', { code: thrown.code, traceId, error: thrown.cause });
    const { code, message, retryAfterSeconds } = thrown;
    return new GraphQLError(message, {
      path,
      extensions: { code, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
    });
  }
  if (!isResolved) return new GraphQLError(error.message, { path, extensions: { code: 'BAD_USER_INPUT' } });
  log.error('resolver-failed', { traceId, error: thrown });
  return new GraphQLError(CATALOGUE.INTERNAL.message, { path, extensions: { code: 'INTERNAL' } });
};

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** An error with a `path` is wrapped in one without. */
const rethrow = (error: unknown): never => {
  throw error instanceof Error && 'path' in error ? new GraphQLError(error.message, { originalError: error }) : error;
};

/**
 * graphql-js takes whatever has a list named `path` for an error that it has given a place already; ours name by `path`
 * a place in the input. Here they get the place of the field that threw them.
 */
const placeErrors = (schema: GraphQLSchema): void => {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field;
      if (!resolve) continue;
      field.resolve = (...given) => {
        try {
          const value: unknown = resolve(...given);
          return isPromise(value) ? value.then(undefined, rethrow) : value;
        } catch (error) {
          return rethrow(error);
        }
      };
    }
  }
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
    if (known) {
      // The one that was not asked for longest stands first.
      documents.delete(query);
      documents.set(query, known);
      return known;
    }
    let prepared: DocumentNode | readonly GraphQLError[];
    try {
      const document = parse(query, { noLocation: true });
      const errors = validate(schema, document);
      prepared = errors.length > 0 ? errors : document;
    } catch (error) {
      prepared = [error as GraphQLError];
    }
    const [oldest] = documents.keys();
    if (documents.size >= DOCUMENTS_KEPT && oldest !== undefined) documents.delete(oldest);
    documents.set(query, prepared);
    return prepared;
  };
  placeErrors(schema);

  return {
    name,
    execute: async (request) => {
      const { query, variables, operationName, traceId } = request;
      const document = prepare(query);
      if (!('kind' in document))
        return { errors: document.map((error) => present(error, { log, traceId, isResolved: false })) };
      const result = await execute({
        schema,
        document,
        contextValue: createContext(request),
        variableValues: variables,
        operationName,
      });
      if (!result.errors) return result;
      const isResolved = result.data !== undefined;
      return { ...result, errors: result.errors.map((error) => present(error, { log, traceId, isResolved })) };
    },
  };
};

export { connectSubgraph } from './connect.ts';
export { DateTime } from './scalars.ts';
export { serveSubgraph } from './serve.ts';
