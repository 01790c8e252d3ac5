import { later } from '@house/kernel/clock';
import { expect, test } from '@jest/globals';
import { createTokenSource } from './token.ts';

const START = new Date('2026-03-01T12:00:00Z');

test('callers that come together share one request, and a refused token is asked for anew', async () => {
  let asked = 0;
  const tokens = createTokenSource({
    ask: async () => {
      asked += 1;
      return { value: `token-${asked}`, expiresInMs: 300_000 };
    },
    clock: () => START,
  });
  expect(await Promise.all([tokens.get(), tokens.get(), tokens.get()])).toEqual(['token-1', 'token-1', 'token-1']);
  tokens.refused('token-1');
  expect(await tokens.get()).toBe('token-2');
  tokens.refused('token-1');
  expect(await tokens.get()).toBe('token-2');
});

test('a token is not used in the last fifth of its life', async () => {
  let now = START;
  let asked = 0;
  const tokens = createTokenSource({
    ask: async () => {
      asked += 1;
      return { value: `token-${asked}`, expiresInMs: 100_000 };
    },
    clock: () => now,
  });
  await tokens.get();
  now = later(START, 79_999);
  expect(await tokens.get()).toBe('token-1');
  now = later(START, 80_000);
  expect(await tokens.get()).toBe('token-2');
});

test('a request for a token that fails does not stand in the way of the next', async () => {
  let asked = 0;
  const tokens = createTokenSource({
    ask: async () => {
      asked += 1;
      if (asked === 1) throw new Error('platform is down');
      return { value: 'token', expiresInMs: 300_000 };
    },
    clock: () => START,
  });
  await expect(tokens.get()).rejects.toThrow('down');
  expect(await tokens.get()).toBe('token');
});
