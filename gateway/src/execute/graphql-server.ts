/** Apollo Server as this gateway wants it: it reads and validates the document, and adds nothing of its own. */
import { ApolloServer, HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { Log } from '@house/kernel/telemetry';
import type { GraphQLError, GraphQLFormattedError, ValidationRule } from 'graphql';
import type { RequestContext } from '../operation.ts';
import { type AnswerStep, createExecution, type OperationStep } from './execution.ts';
import { toApolloLogger } from './logger.ts';
import type { Supergraph } from './supergraph.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export type GraphqlRequest = {
  readonly method: string;
  readonly headers: Headers;
  /** The query part of the address, with its question mark. */
  readonly search: string;
  readonly body: unknown;
};

export type GraphqlServer = {
  answer(request: GraphqlRequest, context: RequestContext): Promise<HTTPGraphQLResponse>;
  /** Lets go of the supergraph; call it when no request is under way. */
  stop(): Promise<void>;
};

/** Validation ends after so many faults of a document: a thousand tokens can hold hundreds, and telling them costs more than asking. */
const FAULTS_TOLD = 5;

/** All that Apollo Server needs to know: no other header of a client switches anything on in it. */
const HEADERS_READ = ['accept', 'content-type', 'apollo-require-preflight', 'x-apollo-operation-name'] as const;

const toHeaderMap = (headers: Headers): HeaderMap => {
  const map = new HeaderMap();
  for (const name of HEADERS_READ) {
    const value = headers[name];
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
};

/** @throws when the supergraph cannot be loaded. */
export const startGraphqlServer = async ({
  supergraph,
  steps,
  answerSteps,
  rules,
  maxTokens,
  introspection,
  presentError,
  isUnexplained,
  log,
}: {
  supergraph: Supergraph;
  steps: readonly OperationStep[];
  answerSteps: readonly AnswerStep[];
  rules: readonly ValidationRule[];
  maxTokens: number;
  introspection: boolean;
  presentError: (formatted: GraphQLFormattedError, cause: unknown) => GraphQLFormattedError;
  /** Whether the person is not told what went wrong, so that the log has to. */
  isUnexplained: (error: GraphQLError) => boolean;
  log: Log;
}): Promise<GraphqlServer> => {
  const apollo = new ApolloServer<RequestContext>({
    gateway: createExecution({ supergraph, steps, answerSteps, log }),
    validationRules: [...rules],
    parseOptions: { maxTokens },
    validationOptions: { maxErrors: FAULTS_TOLD },
    introspection,
    formatError: presentError,
    logger: toApolloLogger(log),
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    // Signals belong to whoever owns the process.
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      {
        requestDidStart: async () => ({
          didEncounterErrors: async ({ errors, contextValue: { traceId } }) => {
            for (const error of errors) if (isUnexplained(error)) log.error('request-failed', { traceId, error });
          },
        }),
      },
    ],
  });
  await apollo.start();
  return {
    answer: ({ method, headers, search, body }, context) =>
      apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: { method, headers: toHeaderMap(headers), search, body },
        context: async () => context,
      }),
    stop: () => apollo.stop(),
  };
};
