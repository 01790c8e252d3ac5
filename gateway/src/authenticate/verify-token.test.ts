import { createHmac, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { createClock } from '../test/house.ts';
import { AUDIENCE, createKey, signToken, type TokenOptions } from '../test/issuer.ts';
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
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token whose header and payload are exactly these bytes, signed by the issuer's key. */
const signRaw = (header: string, payload: string): string => {
  const { privateKey } = key;
  const signed = jwt.sign(payload, privateKey, {
    algorithm: 'ES256',
    header: { alg: 'ES256', typ: 'at+jwt', kid: 'key-1' },
  });
  return `${Buffer.from(header).toString('base64url')}.${signed.split('.').slice(1).join('.')}`;
};

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

  test('tells the key that it is bound to', async () => {
    const jkt = 'a'.repeat(43);
    expect(await verify(token({ claims: { cnf: { jkt } } }))).toMatchObject({ boundTo: jkt });
  });

  test.each([
    ['issued five seconds ahead of our clock', { iat: now + 5, exp: now + 600 }],
    ['expired four seconds ago', { iat: now - 600, exp: now - 4 }],
    ['of fifteen minutes', { exp: now + 900 }],
  ])('is accepted when %s', async (_what, claims) => expect(await verify(token({ claims }))).toBeDefined());
});

describe('a token is not accepted', () => {
  test.each<[string, TokenOptions]>([
    ['another issuer', { claims: { iss: 'https://other.example' } }],
    ['a longer issuer', { claims: { iss: `${ISSUER}/` } }],
    ['another audience', { claims: { aud: 'another' } }],
    ['one audience too many', { claims: { aud: [AUDIENCE, 'another'] } }],
    ['our audience in a list', { claims: { aud: [AUDIENCE] } }],
    ...['iss', 'aud', 'sub', 'client_id', 'jti', 'iat', 'exp'].map((name): [string, TokenOptions] => [
      `no ${name}`,
      { claims: { [name]: undefined } },
    ]),
    ...['sub', 'client_id', 'jti'].map((name): [string, TokenOptions] => [
      `an empty ${name}`,
      { claims: { [name]: '' } },
    ]),
    ...['sub', 'client_id', 'jti'].map((name): [string, TokenOptions] => [
      `a number as ${name}`,
      { claims: { [name]: 7 } },
    ]),
    ['expired by five seconds', { claims: { iat: now - 600, exp: now - 5 } }],
    ['issued in the future', { claims: { iat: now + 6, exp: now + 600 } }],
    ['issued in the far future', { claims: { iat: now * 1_000, exp: now * 1_000 + 600 } }],
    ['not valid yet', { claims: { nbf: now + 60 } }],
    ['a life of sixteen minutes', { claims: { exp: now + 960 } }],
    ['an end before its beginning', { claims: { iat: now + 3, exp: now + 2 } }],
    ['an end that is text', { claims: { exp: `${now + 600}` } }],
    ['an end beyond all numbers', { claims: { exp: 1e300 } }],
    ['a negative beginning', { claims: { iat: -1 } }],
    ['roles that are text', { claims: { roles: 'resident' } }],
    ['scopes that are a list', { claims: { scope: ['access:open'] } }],
    ['complexes that are text', { claims: { complexes: 'cx_a' } }],
    ['a binding that is no thumbprint', { claims: { cnf: { jkt: 'short' } } }],
    ['typ JWT', { header: { typ: 'JWT' } }],
    ['typ AT+JWT', { header: { typ: 'AT+JWT' } }],
    ['no typ', { header: { typ: undefined } }],
    ['a critical extension', { header: { crit: ['b64'], b64: true } }],
    ['its own key', { header: { jwk: createKey('key-1').jwk } }],
    ['an address of keys', { header: { jku: 'https://evil.example/jwks' } }],
    ['a certificate', { header: { x5c: ['MIIB'] } }],
    ['an unknown key id', { header: { kid: 'key-2' } }],
    ['no key id', { header: { kid: undefined } }],
    ['a key id that is a path', { header: { kid: '../../dev/null' } }],
    ["another's signature", { key: createKey('key-1') }],
  ])('with %s', async (_what, options) => expect(await verify(token(options))).toBeUndefined());

  const [head = '', body = '', signature = ''] = token().split('.');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const asHmac = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'key-1' })}.${body}`;
  const publicPem = key.publicKey.export({ format: 'pem', type: 'spki' });

  test.each([
    ['an empty text', ''],
    ['two parts', `${head}.${body}`],
    ['four parts', `${head}.${body}.${signature}.${signature}`],
    ['no signature', `${head}.${body}.`],
    ['alg none', `${encode({ alg: 'none', typ: 'at+jwt', kid: 'key-1' })}.${body}.`],
    ['alg none with a signature', `${encode({ alg: 'none', typ: 'at+jwt', kid: 'key-1' })}.${body}.${signature}`],
    ['a changed payload', `${head}.${encode({ ...claims, sub: 'somebody-else' })}.${signature}`],
    ['a changed signature', `${head}.${body}.${signature.slice(0, -4)}AAAA`],
    ['a signature of zeroes', `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`],
    ['a header that is not JSON', signRaw('{"alg":"ES256",', JSON.stringify(claims))],
    ['a header that is a list', signRaw('["ES256"]', JSON.stringify(claims))],
    ['a payload that is text', signRaw('{"alg":"ES256","typ":"at+jwt","kid":"key-1"}', 'hello')],
    ['a payload that is a list', signRaw('{"alg":"ES256","typ":"at+jwt","kid":"key-1"}', '[]')],
    ['padding', `${head}=.${body}.${signature}`],
    ['a line break', `${head}.${body}.${signature}\n`],
    ['8 193 bytes', token({ claims: { padding: 'x'.repeat(8_000) } })],
    [
      'the public key used as a secret',
      `${asHmac}.${createHmac('sha256', publicPem).update(asHmac).digest('base64url')}`,
    ],
    [
      'RS256',
      jwt.sign(claims, rsa.privateKey, { algorithm: 'RS256', header: { alg: 'RS256', typ: 'at+jwt', kid: 'key-1' } }),
    ],
    [
      'ES384',
      jwt.sign(claims, p384.privateKey, { algorithm: 'ES384', header: { alg: 'ES384', typ: 'at+jwt', kid: 'key-1' } }),
    ],
  ])('that is %s', async (_what, text) => expect(await verify(text)).toBeUndefined());
});
