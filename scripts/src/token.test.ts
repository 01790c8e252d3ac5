import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { createAuthorizationServer } from '@house/authorization-server/authorization-server';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const server = createAuthorizationServer({ audience: 'tenant-smart-home-app' });
let issuer: string;
beforeAll(async () => {
  ({ issuer } = await server.listen(0));
});
afterAll(() => server.close());

type Outcome = { code: number; stdout: string; stderr: string };
const token = (args: string[], env: Record<string, string> = { AUTH_ISSUER: issuer }): Promise<Outcome> =>
  new Promise((resolve) => {
    const command = [join(import.meta.dirname, 'token.ts'), ...args];
    execFile(process.execPath, command, { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
const TOKEN_LINE = /^[\w-]+\.[\w-]+\.[\w-]+\n$/;

test('stdout is the token and nothing else', async () => {
  const outcome = await token(['--user', 'owner-a12']);
  expect(outcome).toEqual({ code: 0, stdout: expect.stringMatching(TOKEN_LINE), stderr: '' });
});

test('the port alone is enough to find the server', async () => {
  expect(await token(['--user', 'owner-a12'], { AUTH_PORT: new URL(issuer).port })).toMatchObject({ code: 0 });
});

test('--json adds how long the token lives, and with --dpop the private key', async () => {
  const plain = await token(['--user', 'owner-a12', '--json']);
  expect(JSON.parse(plain.stdout)).toEqual({ access_token: expect.any(String), expires_in: 600 });
  const bound = await token(['--user', 'owner-a12', '--json', '--dpop']);
  expect(JSON.parse(bound.stdout)).toMatchObject({ dpop_jwk: { kty: 'EC', crv: 'P-256', d: expect.any(String) } });
});

test('scopes that the person cannot have are named on stderr, beside a token without them', async () => {
  const outcome = await token(['--user', 'owner-a12', '--scope', 'premises:read audit:read']);
  expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(TOKEN_LINE) });
  expect(outcome.stderr).toMatch(/owner-a12.*: audit:read\n$/);
});

test('an unknown handle is answered with the known ones', async () => {
  const outcome = await token(['--user', 'nobody']);
  expect(outcome).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/owner-a12, .*auditor-a/) });
});

test('a house that is not running is told apart and how to start it is said', async () => {
  const outcome = await token(['--user', 'owner-a12'], { AUTH_ISSUER: 'http://127.0.0.1:1' });
  expect(outcome).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/127\.0\.0\.1:1\b.*\n.*npm start/) });
});

test.each([[[]], [['--user']], [['--usr', 'owner-a12']], [['owner-a12']]])(
  'a command that is not understood shows the usage: %j',
  async (args) => {
    const outcome = await token(args);
    expect(outcome).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/\n\nUsage: /) });
  },
);
