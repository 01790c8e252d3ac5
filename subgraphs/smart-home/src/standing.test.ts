import { later } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import type { Principal } from '@house/kernel/principal';
import { createDeadline, type Deadline } from '@house/kernel/subgraph';
import { expect, test } from '@jest/globals';
import { createStandings } from './standing.ts';

const START = new Date('2026-03-01T12:00:00Z');
const principal: Principal = {
  subject: 'somebody',
  clientId: 'app',
  roles: ['resident'],
  scopes: [],
  complexes: [],
  tokenId: 't',
  expiresAt: START,
};

const start = () => {
  let now = START;
  let asked = 0;
  const standings = createStandings({
    owners: {
      name: 'owners',
      execute: async () => {
        asked += 1;
        return { data: { me: { memberships: [], consents: [] } } };
      },
    },
    clock: () => now,
  });
  return {
    standings,
    asked: () => asked,
    move: (milliseconds: number) => {
      now = later(now, milliseconds);
    },
  };
};

test('what a person is allowed to read is never older than a second', async () => {
  const { standings, asked, move } = start();
  await standings.recent(principal);
  move(999);
  await standings.recent(principal);
  expect(asked()).toBe(1);
  move(1);
  await standings.recent(principal);
  expect(asked()).toBe(2);
});

test('a clock that is put back by an hour does not keep a revoked member reading for an hour', async () => {
  const { standings, asked, move } = start();
  await standings.recent(principal);
  move(-3_600_000);
  await standings.recent(principal);
  expect(asked()).toBe(2);
});

test('a change is always decided by a fresh answer', async () => {
  const { standings, asked } = start();
  await standings.recent(principal);
  await standings.fresh(principal);
  await standings.fresh(principal);
  expect(asked()).toBe(3);
});

/** Owners that answer one question after the other, as the test says. */
const startAnswering = (...answers: (() => Promise<void>)[]) => {
  const given: (Deadline | undefined)[] = [];
  const standings = createStandings({
    owners: {
      name: 'owners',
      execute: async ({ deadline }) => {
        await answers[given.push(deadline) - 1]?.();
        return { data: { me: { memberships: [], consents: [] } } };
      },
    },
    clock: () => START,
  });
  return { standings, given };
};
const tooLate = () => Promise.reject(new HouseError('DEADLINE_EXCEEDED'));

test('the owners are given what is left of a request, less the way, and are not asked once it is over', async () => {
  const { standings, given } = startAnswering();
  const deadline = createDeadline(5_000);
  await standings.fresh(principal, deadline);
  await standings.recent(principal, deadline);
  for (const { leftMs } of given.filter((one) => one !== undefined))
    expect(deadline.leftMs() - leftMs()).toBeCloseTo(20, 0);
  expect(given).toHaveLength(2);
  await expect(standings.fresh(principal, createDeadline(0))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(given).toHaveLength(2);
});

test('whoever waits for the answer to a question of a request with less time gets one all the same', async () => {
  const { standings, given } = startAnswering(tooLate);
  const hurried = standings.recent(principal, createDeadline(1_000));
  const patient = standings.recent(principal, createDeadline(5_000));
  await expect(hurried).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(await patient).toEqual({ memberships: [], consents: [] });
  expect(given).toHaveLength(2);
});
