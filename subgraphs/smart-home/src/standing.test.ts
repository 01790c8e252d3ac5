import { later } from '@house/kernel/clock';
import type { Principal } from '@house/kernel/principal';
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
