/** Then the plan: the supergraph, how it changes, and how a judged operation is executed over it. */
export type { AnswerStep, OperationStep } from './execution.ts';
export { startGraphqlServer } from './graphql-server.ts';
export { createSupergraph, type SupergraphSource } from './supergraph.ts';
