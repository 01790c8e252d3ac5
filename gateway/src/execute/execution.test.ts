import type { ApolloGateway } from '@apollo/gateway';
import { createTelemetry } from '@house/kernel/telemetry';
import { expect, test } from '@jest/globals';
import { buildSchema, type GraphQLError, type OperationDefinitionNode, parse } from 'graphql';
import { createExecution } from './execution.ts';
import type { Edition } from './supergraph.ts';

const { log } = createTelemetry({ service: 'test', level: 'silent' });
const schema = buildSchema('type Query { a: String } type Mutation { open: String! }');
const edition = (): Edition => ({ permissions: { of: () => undefined }, limits: { of: () => undefined } });

/** One mutation, judged and executed. @returns what the step after the answer was told, and what became of the mutation. */
const settledOf = async ({
  editions = [edition()],
  judge = async () => [],
  execute = async () => ({ data: { open: 'op-1' } }),
}: {
  /** In force one after another, whenever it is looked. */
  editions?: readonly Edition[];
  judge?: () => Promise<readonly GraphQLError[]>;
  execute?: () => Promise<{ data?: Record<string, unknown> | null }>;
}) => {
  const told: [string, readonly string[]][][] = [];
  let looked = 0;
  const { load } = createExecution({
    supergraph: {
      gateway: { load: async () => ({ executor: execute }) } as unknown as ApolloGateway,
      edition: () => editions[Math.min((looked += 1), editions.length) - 1],
    },
    steps: [judge],
    answerSteps: [async (_operation, refusals) => void told.push([...refusals])],
    log,
  });
  const { executor } = await load({ apollo: {} });
  const document = parse('mutation { open }');
  const request = {
    schema,
    document,
    operation: document.definitions[0] as OperationDefinitionNode,
    request: {},
    context: { traceId: 't' },
  };
  const outcome = await executor?.(request as never).catch((error: unknown) => ({ thrown: error }));
  return { told, outcome };
};

test('what was done is told as done', async () => {
  expect((await settledOf({})).told).toEqual([[['open', []]]]);
});

test('what an answer without data has done is not told as done', async () => {
  expect((await settledOf({ execute: async () => ({ data: null }) })).told).toEqual([[]]);
});

test.each([
  ['the supergraph changed after it was judged', { editions: [edition(), edition()] }],
  ['the plan breaks', { execute: () => Promise.reject(new TypeError('broken')) }],
  ['a step breaks', { judge: () => Promise.reject(new TypeError('broken')) }],
])('an operation that is not executed is settled too: %s', async (_why, given) => {
  const { told, outcome } = await settledOf(given);
  expect(told).toEqual([[]]);
  expect(outcome).not.toHaveProperty('data');
});
