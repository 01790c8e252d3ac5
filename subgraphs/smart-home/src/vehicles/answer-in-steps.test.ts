import type { Principal } from '@house/kernel/principal';
import { createDeadline, type Subgraph } from '@house/kernel/subgraph';
import { expect, test } from '@jest/globals';
import { ANSWER_STEP_MS, answerInSteps } from './answer-in-steps.ts';

const ADD = 'mutation($input:AddVehicleInput!){addVehicle(input:$input){operation{id}}}';
const principal = { subject: 'me' } as Principal;

/** Busy for so long, and then answers or breaks. */
const subgraphThat = (worksMs: number, answer = async () => ({ data: {} })): Subgraph =>
  answerInSteps({
    name: 'smart-home',
    execute: async () => {
      const end = performance.now() + worksMs;
      while (performance.now() < end);
      return answer();
    },
  });

const timeOf = async (subgraph: Subgraph, query: string, deadline = createDeadline(10_000)): Promise<number> => {
  const begun = performance.now();
  await subgraph.execute({ query, principal, traceId: 't', deadline }).catch(() => undefined);
  return performance.now() - begun;
};

test('an addition is answered no sooner for having been quick: at the next step', async () => {
  expect(await timeOf(subgraphThat(0), ADD)).toBeGreaterThanOrEqual(ANSWER_STEP_MS);
  expect(await timeOf(subgraphThat(5), ADD)).toBeGreaterThanOrEqual(ANSWER_STEP_MS);
  expect(await timeOf(subgraphThat(ANSWER_STEP_MS + 5), ADD)).toBeGreaterThanOrEqual(2 * ANSWER_STEP_MS);
});

test('one that breaks is told at a step too', async () => {
  const broken = subgraphThat(0, () => Promise.reject(new Error('broken')));
  expect(await timeOf(broken, ADD)).toBeGreaterThanOrEqual(ANSWER_STEP_MS);
});

test('the answer leaves at the step, not a turn later', async () => {
  const late: number[] = [];
  for (let count = 0; count < 20; count += 1) late.push((await timeOf(subgraphThat(count), ADD)) % ANSWER_STEP_MS);
  expect(Math.min(...late)).toBeLessThan(1);
});

test('nothing else waits, and no addition waits beyond its time', async () => {
  const asked = subgraphThat(0);
  const order: string[] = [];
  await Promise.all([
    timeOf(asked, ADD).then(() => order.push('added')),
    timeOf(asked, '{ premises { id } }').then(() => order.push('read')),
    timeOf(asked, ADD, createDeadline(20)).then(() => order.push('in a hurry')),
  ]);
  expect(order.at(-1)).toBe('added');
});
