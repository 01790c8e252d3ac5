import { describe, expect, test } from '@jest/globals';
import { createClock } from '../test/house.ts';
import { AUDIENCE, createKey, signToken, type TokenOptions } from '../test/issuer.ts';
import { createTokenForge } from './test/forge.ts';
import { GOOD_SIGNATURES, HOSTILE_SIGNATURES } from './test/hostile-signatures.ts';
import { GOOD_TOKENS, HOSTILE_TOKENS } from './test/hostile-tokens.ts';
import { createVerifyToken } from './verify-token.ts';

const ISSUER = 'https://issuer.example';
const key = createKey('key-1');
const { clock } = createClock();
const now = Math.floor(clock().getTime() / 1_000);

const verify = createVerifyToken({
  keys: { find: async (id) => (id === 'key-1' ? key.publicKey : undefined) },
  issuer: ISSUER,
  audience: AUDIENCE,
  clock,
});
const token = (options: TokenOptions = {}) => signToken(ISSUER, options.key ?? key, clock(), options);
const forge = createTokenForge({
  now,
  issuer: ISSUER,
  audience: AUDIENCE,
  key: { ...key, jwk: { ...key.publicKey.export({ format: 'jwk' }) } },
});

describe('a good token', () => {
  test('becomes a principal', async () => {
    const claims = {
      sub: 'u1',
      jti: 't1',
      roles: ['resident'],
      scope: 'premises:read access:open',
      auth_time: now,
      acr: 'mfa',
    };
    expect(await verify(token({ claims }))).toEqual({
      principal: {
        subject: 'u1',
        clientId: 'app',
        roles: ['resident'],
        scopes: ['premises:read', 'access:open'],
        complexes: [],
        tokenId: 't1',
        expiresAt: new Date((now + 600) * 1_000),
        authTime: new Date(now * 1_000),
        acr: 'mfa',
      },
    });
  });

  test('gives no scope that none of its roles may hold, and no role that nobody knows', async () => {
    const claims = { roles: ['concierge', 'king', 'constructor'], scope: 'staff:open access:open audit:read  ' };
    const verified = await verify(token({ claims }));
    expect(verified?.principal).toMatchObject({ roles: ['concierge'], scopes: ['staff:open'] });
  });

  test('gives nothing without roles, however many scopes it carries', async () => {
    expect((await verify(token({ claims: { roles: undefined } })))?.principal).toMatchObject({ roles: [], scopes: [] });
  });

  test('tells the key and the certificate that it is bound to', async () => {
    const cnf = { jkt: 'a'.repeat(43), 'x5t#S256': 'b'.repeat(43) };
    expect(await verify(token({ claims: { cnf } }))).toMatchObject({
      boundToKey: cnf.jkt,
      boundToCertificate: cnf['x5t#S256'],
    });
  });
});

describe('a token is not accepted', () => {
  test.each(HOSTILE_TOKENS)('with %s', async (_name, build) => expect(await verify(build(forge))).toBeUndefined());
  test.each(HOSTILE_SIGNATURES)('with a signature: %s', async (_name, build) =>
    expect(await verify(build(forge))).toBeUndefined(),
  );
});

describe('a token is not refused', () => {
  test.each(GOOD_TOKENS)('%s', async (_name, build) => expect(await verify(build(forge))).toBeDefined());
  test.each(GOOD_SIGNATURES)('with a signature: %s', async (_name, build) =>
    expect(await verify(build(forge))).toBeDefined(),
  );
});

test('the corpora are as large as was promised, and no case stands in them twice', () => {
  expect(HOSTILE_TOKENS.length).toBeGreaterThanOrEqual(120);
  expect(HOSTILE_SIGNATURES.length).toBeGreaterThanOrEqual(60);
  expect(GOOD_TOKENS.length).toBeGreaterThanOrEqual(10);
  for (const corpus of [HOSTILE_TOKENS, HOSTILE_SIGNATURES, GOOD_TOKENS, GOOD_SIGNATURES]) {
    expect(new Set(corpus.map(([name]) => name)).size).toBe(corpus.length);
    expect(new Set(corpus.map(([, build]) => build(forge))).size).toBe(corpus.length);
  }
});
