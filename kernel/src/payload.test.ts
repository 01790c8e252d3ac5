import { expect, test } from '@jest/globals';
import { HouseError } from './errors.ts';
import { payload } from './payload.ts';

const nothing = { door: null };
const refusing = (error: Error) => payload<{ door: string | null }>(() => Promise.reject(error), nothing);

test('what came of it stands beside an empty list of errors', async () => {
  expect(await payload<{ door: string | null }>(async () => ({ door: 'open' }), nothing)).toEqual({
    door: 'open',
    errors: [],
  });
});

test('a refusal that a person can act on is data', async () => {
  expect(await refusing(new HouseError('NOT_FOUND', { path: ['input', 'id'], cause: 'secret' }))).toEqual({
    door: null,
    errors: [
      {
        code: 'NOT_FOUND',
        message: 'There is no such object, or it is not yours.',
        path: ['input', 'id'],
        retryAfterSeconds: null,
      },
    ],
  });
});

test.each(['INTERNAL', 'FORBIDDEN', 'REASON_REQUIRED', 'STEP_UP_REQUIRED', 'SERVICE_UNAVAILABLE'] as const)(
  '%s refuses the request, not the input',
  async (code) => {
    await expect(refusing(new HouseError(code))).rejects.toMatchObject({ code });
  },
);

test('what nobody threw on purpose is no refusal', async () => {
  const error = new TypeError('x is not a function');
  await expect(refusing(error)).rejects.toBe(error);
});
