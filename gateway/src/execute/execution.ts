/**
 * Then the plan. This is the gateway that Apollo Server sees: it runs the steps that judge an operation and hands it to
 * the executor of @apollo/gateway when none objects. The executor stays behind this interface, so that it can be replaced.
 */
import type { ApolloServerOptionsWithGateway } from '@apollo/server';
import { HouseError } from '@house/kernel/errors';
import type { Log } from '@house/kernel/telemetry';
import { type FragmentDefinitionNode, GraphQLError, getVariableValues, Kind } from 'graphql';
import type { Operation, RequestContext } from '../operation.ts';
import { refuseOperation } from '../refusal.ts';
import { seeRefusals, takeRefusals } from './seen-refusals.ts';
import type { Edition, Supergraph } from './supergraph.ts';

type GatewayInterface = ApolloServerOptionsWithGateway<RequestContext>['gateway'];
type Executor = NonNullable<Awaited<ReturnType<GatewayInterface['load']>>['executor']>;
type ExecutorContext = Parameters<Executor>[0];

/** Judges an operation. @returns the errors that refuse it as a whole; none to go on. */
export type OperationStep = (operation: Operation, edition: Edition) => Promise<readonly GraphQLError[]>;

/**
 * Told of what became of every operation that was judged, before it is answered. @param refusals the codes of payloads that
 * refused, by the names that their mutations have in the answer; no entry for what has no answer: it was not executed, or
 * failed. It must not reject.
 */
export type AnswerStep = (operation: Operation, refusals: ReadonlyMap<string, readonly string[]>) => Promise<void>;

/** A list of 100 kB can have 24 000 faults, and telling them all would cost 5 MB and two seconds. */
const FAULTS_TOLD = 10;

const toOperation = ({
  schema,
  document,
  operation,
  request,
  context,
}: ExecutorContext): Operation | readonly GraphQLError[] => {
  // Apollo Server passes on a document whose operation it could not tell, and presents what comes back.
  if (!operation) return [new GraphQLError('Say by operationName which operation of the document is meant.')];
  const rootType = schema.getRootType(operation.operation);
  if (!rootType)
    return [
      refuseOperation(new HouseError('BAD_USER_INPUT', { message: `There are no ${operation.operation}s here.` })),
    ];
  const { principal, possession, traceId } = context as RequestContext;
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], request.variables ?? {}, {
    maxErrors: FAULTS_TOLD,
  });
  if (!coerced) return errors.map(({ message }) => refuseOperation(new HouseError('BAD_USER_INPUT', { message })));
  const fragments = document.definitions.filter(
    (definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION,
  );
  return {
    schema,
    definition: operation,
    rootType,
    fragments: Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment])),
    variables: coerced,
    principal,
    possession,
    traceId,
  };
};

/** The same request with what the steps after it want to see; under a name of its own in the store of plans. */
const withRefusals = (requestContext: ExecutorContext): ExecutorContext => {
  const document = seeRefusals(requestContext.document, requestContext.schema);
  if (document === requestContext.document) return requestContext;
  return { ...requestContext, document, queryHash: `${requestContext.queryHash}:refusals` };
};

/** graphql-js throws when a variable turns out not to fit where it is used: null for an argument that must not be. */
const toInputErrors = (error: unknown): readonly GraphQLError[] => {
  if (!(error instanceof GraphQLError)) throw error;
  return [refuseOperation(new HouseError('BAD_USER_INPUT', { message: error.message }))];
};

const isRefused = (operation: Operation | readonly GraphQLError[]): operation is readonly GraphQLError[] =>
  Array.isArray(operation);

export const createExecution = ({
  supergraph,
  steps,
  answerSteps,
  log,
}: {
  supergraph: Supergraph;
  steps: readonly OperationStep[];
  answerSteps: readonly AnswerStep[];
  log: Log;
}): GatewayInterface => {
  const { gateway } = supergraph;

  const judge = async (operation: Operation): Promise<readonly GraphQLError[]> => {
    const edition = supergraph.edition();
    if (!edition) return [refuseOperation(new HouseError('SERVICE_UNAVAILABLE'))];
    for (const step of steps) {
      const refusals = await step(operation, edition).catch(toInputErrors);
      if (refusals.length > 0) return refusals;
    }
    // Judged by one edition, it must not be executed by the next one, where the same field may be closed.
    if (supergraph.edition() !== edition) return [refuseOperation(new HouseError('SERVICE_UNAVAILABLE'))];
    return [];
  };

  const judged =
    (execute: Executor): Executor =>
    async (requestContext) => {
      const operation = toOperation(requestContext);
      if (isRefused(operation)) return { errors: operation };
      let refused: ReadonlyMap<string, readonly string[]> = new Map();
      let answer: Awaited<ReturnType<Executor>>;
      try {
        const refusals = await judge(operation);
        if (refusals.length > 0) return { errors: refusals };
        answer = await execute(withRefusals(requestContext));
        refused = takeRefusals(answer.data);
      } finally {
        // Also of what was refused late, or broke: what was taken for it is not kept for ever.
        for (const step of answerSteps) await step(operation, refused);
      }
      const { data, errors, extensions } = answer;
      // The executor makes null of a value that breaks the schema and would tell about it in `extensions`.
      if (extensions)
        log.error('answer-breaks-the-schema', { traceId: (requestContext.context as RequestContext).traceId });
      return { ...(data !== undefined && { data }), ...(errors && { errors }) };
    };

  return {
    load: async (options) => {
      const { executor } = await gateway.load(options);
      if (!executor) throw new TypeError('expected @apollo/gateway to execute');
      return { executor: judged(executor as Executor) };
    },
    onSchemaLoadOrUpdate: (callback) => gateway.onSchemaLoadOrUpdate(callback),
    stop: () => gateway.stop(),
  };
};
