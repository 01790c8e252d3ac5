import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Subgraph, SubgraphRequest } from '@house/kernel/subgraph';
import { afterEach, expect, test } from '@jest/globals';
import type { ExecutionResult } from 'graphql';
import { createSubgraphs, type House, startHouse } from '../test/house.ts';
import { deadlineOf } from './request-time.ts';

let house: House;
let isOpen = false;
const open = async (...given: Parameters<typeof startHouse>): Promise<void> => {
  house = await startHouse(...given);
  isOpen = true;
};
afterEach(async () => {
  if (isOpen) await house.close();
  isOpen = false;
});

const OPEN = 'mutation { openAccessPoint(id: "a") }';
const within = (ms: number | string) => ({ headers: { 'x-request-deadline': String(ms) } });
const never = (): Promise<never> => new Promise(() => undefined);

/** A gateway that has answered `query` before: the first time its plan is made and its code compiled, which takes long. */
const startWith = async (
  query: string,
  execute: (given: SubgraphRequest, inner: Subgraph) => Promise<ExecutionResult>,
) => {
  const { subgraphs, asked } = createSubgraphs();
  let isWarm = false;
  const owners: Subgraph = {
    name: 'owners',
    execute: (given) => (isWarm ? execute(given, subgraphs.owners) : subgraphs.owners.execute(given)),
  };
  await open({ subgraphs: { ...subgraphs, owners } });
  expect((await house.ask(query)).status).toBe(200);
  isWarm = true;
  asked.length = 0;
  return asked;
};

test('a subgraph that hangs costs the client no more time than it has', async () => {
  await startWith('{ me { id } }', never);
  const startedAt = performance.now();
  const answer = await house.ask('{ me { id } }', within(500));
  const tookMs = performance.now() - startedAt;
  expect(answer).toMatchObject({ status: 504, codes: ['DEADLINE_EXCEEDED'] });
  expect(tookMs).toBeGreaterThanOrEqual(500);
  expect(tookMs).toBeLessThan(2_000);
});

/** It takes the whole time that it was given. */
const untilTooLate = ({ deadline }: SubgraphRequest): Promise<never> =>
  deadline ? deadline.bound(never) : Promise.reject(new Error('there is no deadline'));

test('what the other subgraph said in time is answered', async () => {
  const query = '{ archived: premises(id: "p1") { label } operation(id: "op-7") }';
  await startWith(query, untilTooLate);
  const { status, body } = await house.ask(query, within(200));
  expect([status, body.data]).toEqual([200, { archived: null, operation: 'op-7' }]);
  expect(body.errors).toEqual([
    {
      message: 'It took too long; nothing more will be done for this request.',
      extensions: { code: 'DEADLINE_EXCEEDED' },
    },
  ]);
  expect(house.lines.some((line) => line.includes('subgraph-too-late'))).toBe(true);
});

test('nothing more is asked of anybody once the time is over', async () => {
  const query = '{ me { premises { label vehicles } } }';
  const answered = Promise.withResolvers<void>();
  const asked = await startWith(query, async (given, inner) => {
    await untilTooLate(given).catch(() => undefined);
    // It answers all the same.
    const answer = await inner.execute({ ...given, deadline: undefined });
    answered.resolve();
    return answer;
  });
  const { codes } = await house.ask(query, within(100));
  expect(codes).toEqual(['DEADLINE_EXCEEDED']);
  await answered.promise;
  await house.ask('{ operation(id: "next") }');
  expect(asked.filter(({ query: text }) => text.includes('_entities'))).toEqual([]);
});

test('a subgraph is given what the client has, less the way', async () => {
  const left: (number | undefined)[] = [];
  await startWith('{ me { id } }', (given, inner) => {
    left.push(given.deadline?.leftMs());
    return inner.execute(given);
  });
  await house.ask('{ me { id } }', within(5_000));
  expect(left).toHaveLength(1);
  expect(left[0]).toBeGreaterThan(1_000);
  expect(left[0]).toBeLessThanOrEqual(4_980);
});

test.each<[string, string | undefined, number]>([
  ['ten seconds when it does not say', undefined, 10_000],
  ['as much as it says', '700', 700],
  ['no more than ten seconds', '86400000', 10_000],
  ['fifty milliseconds at least', '0', 50],
])('a client has %s', (_what, header, ms) => {
  const headers = header === undefined ? {} : { 'x-request-deadline': header };
  expect(Math.ceil(deadlineOf({ headers }).leftMs() / 10) * 10).toBe(ms);
});

test.each(['soon', '-1', '1.5', '1e3', '5s', '2026-11-24T09:00:00Z', ''])('%j is told to be no time', async (text) => {
  await open();
  expect(await house.ask(OPEN, within(text))).toMatchObject({ status: 400, codes: ['BAD_USER_INPUT'] });
  expect(house.asked).toEqual([]);
});

test('a request that takes its whole time to come is not begun', async () => {
  await open();
  const body = JSON.stringify({ query: OPEN });
  const asking = request(house.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-length': body.length,
      authorization: `Bearer ${house.issuer.token()}`,
      'x-request-deadline': '80',
    },
  });
  asking.on('error', () => undefined);
  asking.write(body.slice(0, 10));
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  expect([answer.statusCode, answer.headers.connection]).toEqual([504, 'close']);
  expect(text).toContain('DEADLINE_EXCEEDED');
  asking.destroy();
  await house.ask('{ me { id } }');
  expect(house.asked.map(({ query }) => query)).toEqual([expect.not.stringContaining('openAccessPoint')]);
});
