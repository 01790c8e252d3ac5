import { HouseError } from '@house/kernel/errors';
import type { Subgraph } from '@house/kernel/subgraph';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ExecutionResult } from 'graphql';
import { createSubgraphs, type House, startHouse } from '../test/house.ts';

let house: House;
afterEach(() => house.close());

const startWith = async (execute: () => Promise<ExecutionResult>): Promise<House> => {
  const { subgraphs } = createSubgraphs();
  const owners: Subgraph = { name: 'owners', execute };
  house = await startHouse({ subgraphs: { ...subgraphs, owners } });
  return house;
};
/** What comes over HTTP is JSON, not an object of graphql-js. */
const answering = (errors: unknown[]) => async () => ({ data: { me: null }, errors }) as unknown as ExecutionResult;

describe('an error of a subgraph', () => {
  test('of the catalogue is told with its message and its time to come back', async () => {
    await startWith(
      answering([
        {
          message: 'come later',
          path: ['me'],
          extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 7, host: 'db-1' },
        },
      ]),
    );
    const { status, body } = await house.ask('{ me { id } }');
    expect(status).toBe(200);
    expect(body.errors).toEqual([
      { message: 'come later', path: ['me'], extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 7 } },
    ]);
  });

  test.each([
    ['without a code', { message: 'ECONNREFUSED 10.0.0.7:5432' }],
    ['with an unknown code', { message: 'ECONNREFUSED 10.0.0.7:5432', extensions: { code: 'ECONNREFUSED' } }],
    ['that refuses us, not the person', { message: 'Refused', extensions: { code: 'UNAUTHENTICATED' } }],
  ])('%s is told as INTERNAL', async (_what, error) => {
    await startWith(answering([error]));
    const { body } = await house.ask('{ me { id } }');
    expect(body.errors).toEqual([{ message: 'Something went wrong on our side.', extensions: { code: 'INTERNAL' } }]);
  });
});

test('a subgraph that is away is told as such, and the other one still answers', async () => {
  await startWith(async () => {
    throw new HouseError('SERVICE_UNAVAILABLE', { cause: new Error('ECONNREFUSED 10.0.0.7') });
  });
  const { body } = await house.ask('{ archived: premises(id: "p1") { label } operation(id: "op-7") }');
  expect(body).toEqual({
    data: { archived: null, operation: 'op-7' },
    errors: [
      { message: 'The service is starting or stopping; try again.', extensions: { code: 'SERVICE_UNAVAILABLE' } },
    ],
  });
  expect(house.lines.some((line) => line.includes('subgraph-unreachable') && line.includes('ECONNREFUSED'))).toBe(true);
});

test('a value that breaks the schema becomes null and the schema is not shown', async () => {
  await startWith(async () => ({ data: { me: { id: null } } }));
  const { body } = await house.ask('{ me { id } operation(id: "op") }');
  expect(body).toEqual({ data: null });
  expect(house.lines.some((line) => line.includes('answer-breaks-the-schema'))).toBe(true);
});
