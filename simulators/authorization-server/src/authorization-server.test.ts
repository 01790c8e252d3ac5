import { createHash, createPublicKey, generateKeyPairSync, type JsonWebKey, sign, verify } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROLES } from '@house/schema/roles.ts';
import { SEED_PEOPLE, seedWorld } from '@house/schema/seed.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type AuthorizationServerOptions, createAuthorizationServer } from './authorization-server.ts';
import { thumbprint } from './keys.ts';
import { obtainToken } from './obtain-token.ts';

const AUDIENCE = 'tenant-smart-home-app';
const MACHINE_ID = 'house-machine';
const machineKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const closers: (() => unknown)[] = [];
const start = async (options: Partial<AuthorizationServerOptions> = {}, port = 0) => {
  const errors: unknown[] = [];
  const server = createAuthorizationServer({
    audience: AUDIENCE,
    log: { error: (event, fields) => errors.push({ event, ...fields }) },
    ...options,
  });
  closers.push(server.close);
  return { server, errors, ...(await server.listen(port)) };
};
const newDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), 'authorization-server-'));
  closers.push(() => rmSync(directory, { recursive: true }));
  return directory;
};

const decode = (part = ''): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString());
const readToken = (token: string) => {
  const [header, claims] = token.split('.');
  return { header: decode(header), claims: decode(claims) };
};
const verifies = async (issuer: string, token: string) => {
  // Asked again once: a kept connection may still be the one to a server that has just been closed.
  const response = await fetch(`${issuer}/jwks`).catch(() => fetch(`${issuer}/jwks`));
  const { keys } = (await response.json()) as { keys: JsonWebKey[] };
  const jwk = keys.find(({ kid }) => kid === readToken(token).header.kid);
  if (!jwk) return false;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const [header, claims, signature = ''] = token.split('.');
  const signed = Buffer.from(`${header}.${claims}`);
  return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
};

let issuer: string;
let shared: Awaited<ReturnType<typeof start>>;
beforeAll(async () => {
  shared = await start({
    machines: [{ clientId: MACHINE_ID, publicJwk: machineKey.publicKey.export({ format: 'jwk' }) }],
  });
  issuer = shared.issuer;
  closers.length = 0;
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(async () => {
  await shared.server.close();
  expect(shared.errors).toEqual([]);
});

describe('an access token', () => {
  test('says exactly what the contract lists for a resident', async () => {
    const { access_token, expires_in, ...rest } = await obtainToken({ issuer, user: 'owner-a12' });
    const { header, claims } = readToken(access_token);
    expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
    expect(claims).toEqual({
      iss: issuer,
      aud: AUDIENCE,
      sub: 'owner-a12',
      client_id: 'tenant-app',
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: Number(claims.iat) + 600,
      scope: ROLES.resident.join(' '),
      roles: ['resident'],
      auth_time: expect.any(Number),
      acr: 'urn:house:acr:two-factor',
    });
    expect(expires_in).toBe(600);
    expect(rest).toEqual({});
    expect(Number(claims.iat) - Number(claims.auth_time)).toBeLessThan(60);
  });

  test('names the complexes that a member of staff serves', async () => {
    const { claims } = readToken((await obtainToken({ issuer, user: 'concierge-a' })).access_token);
    expect(claims).toMatchObject({ sub: 'concierge-a', roles: ['concierge'], complexes: ['cx_a'] });
  });

  test.each(SEED_PEOPLE.map(({ handle, roles }) => ({ handle, roles })))(
    'of $handle holds what the role table gives, and verifies against the published keys',
    async ({ handle, roles }) => {
      const { access_token } = await obtainToken({ issuer, user: handle });
      const { claims } = readToken(access_token);
      expect(new Set(String(claims.scope).split(' '))).toEqual(new Set(roles.flatMap((role) => ROLES[role])));
      expect(await verifies(issuer, access_token)).toBe(true);
      const forged = Buffer.from(JSON.stringify({ ...claims, roles: ['auditor', 'security'] })).toString('base64url');
      expect(await verifies(issuer, access_token.replace(/\.[^.]+\./, `.${forged}.`))).toBe(false);
    },
  );

  test('never carries a scope that none of the roles holds, whatever was asked for', async () => {
    const scope = 'premises:read audit:read staff:open no:such';
    const { claims } = readToken((await obtainToken({ issuer, user: 'owner-a12', scope })).access_token);
    expect(claims.scope).toBe('premises:read');
    const nothing = await obtainToken({ issuer, user: 'owner-a12', scope: 'audit:read' });
    expect(readToken(nothing.access_token).claims.scope).toBe('');
  });

  test('is bound to a key when the app proves possession of it', async () => {
    const { access_token, dpop_jwk } = await obtainToken({ issuer, user: 'owner-a12', dpop: true });
    expect(dpop_jwk).toMatchObject({ kty: 'EC', crv: 'P-256', d: expect.any(String) });
    expect(readToken(access_token).claims.cnf).toEqual({ jkt: thumbprint(dpop_jwk ?? {}) });
  });

  test('is stamped by the clock that the server was given', async () => {
    const now = Date.parse('2030-01-02T03:04:05Z');
    const { issuer } = await start({ clock: () => new Date(now) });
    const { claims } = readToken((await obtainToken({ issuer, user: 'owner-a12', dpop: true })).access_token);
    expect(claims).toMatchObject({ iat: now / 1000, exp: now / 1000 + 600, auth_time: now / 1000 });
  });

  test('of a machine carries the service role and no scope', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: MACHINE_ID, sub: MACHINE_ID, aud: issuer, jti: 'once', exp: 4_102_444_800 };
    const input = `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}`;
    const key = { key: machineKey.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`,
    });
    const ask = () => fetch(`${issuer}/token`, { method: 'POST', body });
    const { access_token } = (await (await ask()).json()) as { access_token: string };
    const { header, claims: issued } = readToken(access_token);
    expect(header.typ).toBe('at+jwt');
    expect(issued).toEqual({
      iss: issuer,
      aud: AUDIENCE,
      sub: MACHINE_ID,
      client_id: MACHINE_ID,
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: Number(issued.iat) + 600,
      scope: '',
      roles: ['service'],
    });
    expect((await ask()).status).toBe(401);
  });
});

describe('the sign-in', () => {
  const authorize = (parameters: Record<string, string>) =>
    fetch(
      `${issuer}/auth?${new URLSearchParams({
        client_id: 'tenant-app',
        redirect_uri: 'http://127.0.0.1:51234/callback',
        response_type: 'code',
        scope: 'openid',
        ...parameters,
      })}`,
      { redirect: 'manual' },
    );
  const code_challenge = createHash('sha256').update('v').digest('base64url');

  test('refuses an unknown handle and says who is known', async () => {
    const asked = obtainToken({ issuer, user: 'nobody"<b>' });
    await expect(asked).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(/^nobody here is called 'nobodyb'; known handles: owner-a12, .*auditor-a$/),
    });
  });

  test('the large world signs in too, and an unknown handle is still told some of the known ones', async () => {
    const { issuer: large } = await start({ people: seedWorld('large').people });
    const { access_token } = await obtainToken({ issuer: large, user: 'resident-l1000' });
    expect(readToken(access_token).claims).toMatchObject({ sub: 'resident-l1000', roles: ['resident'] });
    await expect(obtainToken({ issuer: large, user: 'owner-l1001' })).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(/known handles: owner-a12, .* and 1962 more$/),
    });
  });

  test.each([
    ['none', {}],
    ['plain', { code_challenge, code_challenge_method: 'plain' }],
  ])('refuses an app without PKCE: %s', async (_name, parameters) => {
    const location = new URL((await authorize(parameters)).headers.get('location') ?? '');
    expect(location.origin).toBe('http://127.0.0.1:51234');
    expect(location.searchParams.get('error')).toBe('invalid_request');
    expect(location.searchParams.get('error_description')).toMatch(/PKCE|code_challenge_method/);
  });

  test('never sends a code to an address that is not the app’s', async () => {
    const response = await authorize({ redirect_uri: 'http://evil.example/callback', code_challenge });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
  });

  test('asks who you are when the app gave no hint', async () => {
    const response = await authorize({ code_challenge, code_challenge_method: 'S256' });
    const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    const asked = await fetch(new URL(response.headers.get('location') ?? '', issuer), {
      headers: { cookie: cookie.join('; ') },
    });
    expect(asked.headers.get('content-type')).toMatch('text/html');
    expect(await asked.text()).toMatch('value="owner-a12"');
  });

  test('is over when its cookie is missing, and the server says so', async () => {
    const response = await fetch(`${issuer}/interaction/unknown`);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/start again/);
  });
});

describe('the server', () => {
  test('keeps its keys over a restart, so that an older token still verifies', async () => {
    const directory = newDirectory();
    const first = await start({ directory });
    const { access_token } = await obtainToken({ issuer: first.issuer, user: 'owner-a12' });
    await first.server.close();
    expect(statSync(join(directory, 'authorization-server-keys.json')).mode & 0o777).toBe(0o600);

    const second = await start({ directory }, Number(new URL(first.issuer).port));
    expect(second.issuer).toBe(first.issuer);
    expect(await verifies(second.issuer, access_token)).toBe(true);
    expect(await verifies(issuer, access_token)).toBe(false);
  });

  test('does not use keys that others could have read', () => {
    const directory = newDirectory();
    createAuthorizationServer({ audience: AUDIENCE, directory });
    chmodSync(join(directory, 'authorization-server-keys.json'), 0o644);
    expect(() => createAuthorizationServer({ audience: AUDIENCE, directory })).toThrow(/chmod 600/);
  });

  test('signs what a test asks for, right or wrong', async () => {
    const token = shared.server.signToken({ sub: 'owner-a12', exp: 1 }, { typ: 'JWT' });
    expect(readToken(token)).toEqual({
      header: { alg: 'ES256', typ: 'JWT', kid: expect.any(String) },
      claims: { sub: 'owner-a12', exp: 1 },
    });
    expect(await verifies(issuer, token)).toBe(true);
  });

  test('answers only to its own name', async () => {
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      request(`${issuer}/jwks`, { headers: { host: 'rebound.example' } }, ({ statusCode }) => resolve(statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });

  test('is told apart from nobody answering', async () => {
    const { server, issuer: closed } = await start();
    await server.close();
    await expect(obtainToken({ issuer: closed, user: 'owner-a12' })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});
