import { expect, test } from '@jest/globals';
import { createClock } from '../test/house.ts';
import { rememberVerified } from './remember-verified.ts';
import type { VerifiedToken } from './verify-token.ts';

const start = ({ livesMs = 600_000, tokensKept = 100 } = {}) => {
  const { clock, move } = createClock();
  const verified: string[] = [];
  const principal = { subject: 's', clientId: 'c', roles: [], scopes: [], complexes: [], tokenId: 't' };
  const expiresAt = new Date(clock().getTime() + livesMs);
  const verify = rememberVerified({
    clock,
    tokensKept,
    verify: async (token): Promise<VerifiedToken | undefined> => {
      verified.push(token);
      return token === 'bad' ? undefined : { principal: { ...principal, expiresAt } };
    },
  });
  return { verify, verified, move };
};

test('a token is verified once a minute, not on every request', async () => {
  const { verify, verified, move } = start();
  for (let n = 0; n < 5; n += 1) expect(await verify('good')).toBeDefined();
  expect(verified).toHaveLength(1);
  move(60_000);
  await verify('good');
  expect(verified).toHaveLength(2);
});

test('a token is not remembered beyond its life', async () => {
  const { verify, verified, move } = start({ livesMs: 1_000 });
  await verify('good');
  move(1_000);
  await verify('good');
  expect(verified).toHaveLength(2);
});

test('a token is not remembered for longer when the clock was set back', async () => {
  const { verify, verified, move } = start();
  await verify('good');
  move(-3_600_000);
  await verify('good');
  expect(verified).toHaveLength(2);
});

test('a token that was refused is looked at again', async () => {
  const { verify, verified } = start();
  await verify('bad');
  expect(await verify('bad')).toBeUndefined();
  expect(verified).toHaveLength(2);
});

test('what is remembered is bounded: the oldest goes', async () => {
  const { verify, verified } = start({ tokensKept: 2 });
  for (const token of ['one', 'two', 'three', 'three', 'two']) await verify(token);
  expect(verified).toEqual(['one', 'two', 'three']);
  await verify('one');
  expect(verified).toHaveLength(4);
});
