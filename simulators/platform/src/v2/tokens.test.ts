import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Caller, startCaller, textAt } from '../test/caller.ts';

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());

const ask = (form: Record<string, string>) => caller.raw('/api/v2/oauth/token', { method: 'POST', form });
const sites = (token: string) => caller.raw('/api/v2/sites', { headers: { authorization: `Bearer ${token}` } });

test('a client that proves itself gets a token for five minutes with every scope', async () => {
  const reply = await ask(caller.tokenForm());
  expect(reply).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 300 } });
  expect(textAt(reply.body, 'scope').split(' ')).toContain('access.open');
  expect(textAt(reply.body, 'access_token').split('.')).toHaveLength(3);
});

test('the audience may be the token endpoint', async () => {
  const aud = `${caller.platformUrl}/api/v2/oauth/token`;
  expect((await ask(caller.tokenForm(caller.assertion({ aud })))).status).toBe(200);
});

test.each([
  [
    'signed with another key',
    () => caller.assertion({}, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  ],
  ['for another audience', () => caller.assertion({ aud: 'https://elsewhere.example' })],
  ['by another issuer', () => caller.assertion({ iss: 'somebody' })],
  ['of an unknown client', () => caller.assertion({ iss: 'somebody', sub: 'somebody' })],
  ['that has expired', () => caller.assertion({ exp: Math.floor(caller.now().getTime() / 1000) - 1 })],
  ['that lives for an hour', () => caller.assertion({ exp: Math.floor(caller.now().getTime() / 1000) + 3600 })],
  ['without a jti', () => caller.assertion({ jti: '' })],
])('an assertion %s is refused', async (_, assertion) => {
  expect(await ask(caller.tokenForm(assertion()))).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
});

test('an assertion is used once', async () => {
  const form = caller.tokenForm();
  expect((await ask(form)).status).toBe(200);
  expect(await ask(form)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
});

test('an unknown scope is refused, and a token carries only what was asked for', async () => {
  expect(await ask({ ...caller.tokenForm(), scope: 'doors.smash' })).toMatchObject({
    body: { error: 'invalid_scope' },
  });
  const narrow = textAt((await ask({ ...caller.tokenForm(), scope: 'meters.read' })).body, 'access_token');
  expect(await sites(narrow)).toMatchObject({ status: 403, body: { code: 'insufficient-scope' } });
});

test('without a living token nothing is shown', async () => {
  expect(await caller.raw('/api/v2/sites')).toMatchObject({
    status: 401,
    headers: { 'www-authenticate': expect.stringContaining('invalid_token') },
    body: { code: 'unauthorized' },
  });
  const token = textAt((await ask(caller.tokenForm())).body, 'access_token');
  expect((await sites(token)).status).toBe(200);
  caller.moveClock(301_000);
  expect((await sites(token)).status).toBe(401);
  expect(caller.simulator.contractViolations()).toEqual([]);
});
