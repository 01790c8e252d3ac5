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
import { createDeadline, type Deadline, REQUEST_LIMIT_MS } from './deadline.ts';

export type SubgraphRequest = {
  /** The text of one document. */
  query: string;
  variables?: Readonly<Record<string, unknown>> | undefined;
  operationName?: string | undefined;
  principal: Principal;
  traceId: string;
  /** Ten seconds when left out. */
  deadline?: Deadline | undefined;
};

/**
 * Promises an answer of the GraphQL form before the deadline, or `DEADLINE_EXCEEDED`; rejects only when the subgraph
 * does not answer at all.
 */
export type Subgraph = {
  readonly name: string;
  execute(request: SubgraphRequest): Promise<ExecutionResult>;
};

/** The request as a context is made of it. */
export type TimedRequest = SubgraphRequest & { deadline: Deadline };

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

const tooLate = (error: Error): ExecutionResult => {
  if (error instanceof HouseError) return { errors: [new GraphQLError(error.message, { originalError: error })] };
  throw error;
};

/** An error with a `path` is wrapped in one without. */
const rethrow = (error: unknown): never => {
  throw error instanceof Error && 'path' in error ? new GraphQLError(error.message, { originalError: error }) : error;
};

/**
 * What every resolver gets around it.
 *
 * It is not begun for a request whose time is over: the next mutation of a document, for example, while nobody waits.
 *
 * graphql-js takes whatever has a list named `path` for an error that it has given a place already; ours name by `path`
 * a place in the input. Here they get the place of the field that threw them.
 */
const wrapResolvers = (schema: GraphQLSchema, deadlines: WeakMap<object, Deadline>): void => {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field;
      if (!resolve) continue;
      field.resolve = (...given) => {
        const [, , context] = given;
        try {
          deadlines.get(context as object)?.requireTime();
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
export const createSubgraph = <Context extends object>({
  name,
  schema,
  createContext,
  log,
}: {
  name: string;
  schema: GraphQLSchema;
  createContext: (request: TimedRequest) => Context;
  log: Log;
}): Subgraph => {
  const deadlines = new WeakMap<object, Deadline>();
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
  wrapResolvers(schema, deadlines);

  return {
    name,
    execute: async (request) => {
      const { query, variables, operationName, traceId } = request;
      const document = prepare(query);
      if (!('kind' in document))
        return { errors: document.map((error) => present(error, { log, traceId, isResolved: false })) };
      const deadline = request.deadline ?? createDeadline(REQUEST_LIMIT_MS);
      const contextValue = createContext({ ...request, deadline });
      deadlines.set(contextValue, deadline);
      const result = await deadline
        .bound(async () => execute({ schema, document, contextValue, variableValues: variables, operationName }))
        .catch(tooLate);
      if (!result.errors) return result;
      const isResolved = result.data !== undefined;
      return { ...result, errors: result.errors.map((error) => present(error, { log, traceId, isResolved })) };
    },
  };
};

export { connectSubgraph } from './connect.ts';
export {
  createDeadline,
  DEADLINE_HEADER,
  type Deadline,
  isTooLate,
  parseLeftMs,
  REQUEST_LIMIT_MS,
} from './deadline.ts';
export { insideVariables, reasonsAgainstInside, watchInside } from './inside.ts';
export { createListener } from './listener.ts';
export { readBody } from './read-body.ts';
export { DateTime } from './scalars.ts';
export { serveSubgraph } from './serve.ts';
export { type Tls, watchCredentials } from './tls.ts';
export { transactInTime } from './transact.ts';
