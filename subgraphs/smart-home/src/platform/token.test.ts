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
  const all = await Promise.all([tokens.get(), tokens.get(), tokens.get()]);
  expect(all.map(({ value }) => value)).toEqual(['token-1', 'token-1', 'token-1']);
  tokens.refused('token-1');
  expect((await tokens.get()).value).toBe('token-2');
  tokens.refused('token-1');
  expect((await tokens.get()).value).toBe('token-2');
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
  expect((await tokens.get()).value).toBe('token-1');
  now = later(START, 80_000);
  expect((await tokens.get()).value).toBe('token-2');
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
  expect((await tokens.get()).value).toBe('token');
});

test('a token that is bound to another certificate than we show is not used', async () => {
  let shown = 'first';
  let asked = 0;
  const tokens = createTokenSource({
    ask: async () => {
      asked += 1;
      return { value: `token-${asked}`, expiresInMs: 300_000, certificate: shown };
    },
    certificate: () => shown,
    clock: () => START,
  });
  expect((await tokens.get()).value).toBe('token-1');
  shown = 'second';
  expect(tokens.isThere()).toBe(false);
  expect((await tokens.get()).value).toBe('token-2');
  expect((await tokens.get()).value).toBe('token-2');
});
