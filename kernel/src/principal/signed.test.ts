import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { later } from '../clock.ts';
import { HouseError } from '../errors.ts';
import { createTelemetry } from '../telemetry.ts';
import {
  createPrincipalSigner,
  createPrincipalVerifier,
  hasScope,
  isStaff,
  type Principal,
  signingKeyOf,
  verifyingKeysOf,
  watchSigningKey,
  watchVerifyingKeys,
} from './principal.ts';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const others = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const NOW = new Date('2026-11-24T09:00:00Z');
const body = '{"query":"{ me { id } }"}';
const principal: Principal = {
  subject: 'owner-a12',
  clientId: 'app',
  roles: ['resident'],
  scopes: ['premises:read'],
  complexes: [],
  tokenId: 'jti-1',
  expiresAt: later(NOW, 600_000),
};

const signWith = (key: KeyObject) => {
  const signingKey = signingKeyOf(key);
  return createPrincipalSigner({ key: () => signingKey, issuer: 'gateway', clock: () => NOW, random: randomBytes });
};
const signFor = signWith(keys.privateKey);
const sign = (asking: Principal, audience: string, text: string) =>
  signFor(asking, { audience, body: text, traceId: 'trace-1' });
const { kid: KID } = signingKeyOf(keys.privateKey);
const known = verifyingKeysOf([keys.publicKey]);
const verifyAt = (now: Date, audience = 'owners') =>
  createPrincipalVerifier({ keys: { gateway: () => known }, audience, clock: () => now });
const verify = verifyAt(NOW);

/** A token with any claims, by whoever holds `key`. */
const forge = (changes: Record<string, unknown>, key = keys.privateKey) => {
  const claims = jwt.decode(sign(principal, 'owners', body), { json: true });
  return jwt.sign({ ...claims, ...changes }, key, { algorithm: 'ES256', keyid: KID });
};

const refused = (attempt: () => unknown) => {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(HouseError);
    expect(error).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'Sign in: a valid access token is required.',
    });
    return;
  }
  throw new Error('expected a refusal');
};

test('the principal arrives as it was signed', () => {
  expect(verify(sign(principal, 'owners', body), body)).toEqual({ principal, issuer: 'gateway', traceId: 'trace-1' });
  const staff: Principal = { ...principal, complexes: ['cx_a'], authTime: NOW, acr: 'mfa', reason: 'ticket 1' };
  expect(verify(sign(staff, 'owners', body), body).principal).toEqual(staff);
});

test('a captured principal is useless for another body', () => {
  refused(() => verify(sign(principal, 'owners', body), `${body} `));
});

test('a captured principal is useless at another subgraph', () => {
  refused(() => verifyAt(NOW, 'smart-home')(sign(principal, 'owners', body), body));
});

test('a captured principal is useless after its thirty seconds and the skew of clocks', () => {
  const token = sign(principal, 'owners', body);
  expect(verifyAt(later(NOW, 34_000))(token, body)).toMatchObject({ principal });
  refused(() => verifyAt(later(NOW, 35_000))(token, body));
});

test('a captured principal is useless for the very same body too: it has been used', () => {
  let now = NOW;
  const verifyNow = createPrincipalVerifier({ keys: { gateway: () => known }, audience: 'owners', clock: () => now });
  const token = sign(principal, 'owners', body);
  refused(() => verifyNow(token, `${body} `));
  expect(verifyNow(token, body)).toMatchObject({ principal });
  // Until it has ended by itself; others come and go meanwhile.
  for (let second = 0; second <= 60; second += 1) {
    now = later(NOW, second * 1_000);
    refused(() => verifyNow(token, body));
    if (second < 35) expect(verifyNow(sign(principal, 'owners', body), body)).toMatchObject({ principal });
  }
});

test('a captured principal of a clock that is ahead is useless for as long as it lives', () => {
  let now = later(NOW, -5_000);
  const verifyNow = createPrincipalVerifier({ keys: { gateway: () => known }, audience: 'owners', clock: () => now });
  const token = sign(principal, 'owners', body);
  verifyNow(token, body);
  now = later(NOW, 34_999);
  refused(() => verifyNow(token, body));
  refused(() => verifyAt(later(NOW, -6_000))(sign(principal, 'owners', body), body));
});

test('a signature that was turned into another one of the same is used as well', () => {
  const token = sign(principal, 'owners', body);
  const [header, payload, signature = ''] = token.split('.');
  const numbers = Buffer.from(signature, 'base64url');
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = order - BigInt(`0x${numbers.subarray(32).toString('hex')}`);
  const turned = Buffer.concat([numbers.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  expect(verifyAt(NOW)([header, payload, turned.toString('base64url')].join('.'), body)).toMatchObject({ principal });
  const verifyOnce = verifyAt(NOW);
  verifyOnce(token, body);
  refused(() => verifyOnce([header, payload, turned.toString('base64url')].join('.'), body));
});

test('two processes of one service never sign the same', () => {
  const other = signWith(keys.privateKey);
  const verifyOnce = verifyAt(NOW);
  for (const signs of [signFor, other, signFor, other])
    verifyOnce(signs(principal, { audience: 'owners', body, traceId: 't' }), body);
});

describe('a key that is replaced while requests go on', () => {
  const next = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const request = { audience: 'owners', body, traceId: 't' };
  const pem = (key: KeyObject): string =>
    String(key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }));
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'principal-keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('refuses nobody: first those who verify know it, then it is used, then the former is forgotten', () => {
    let now = NOW;
    const clock = () => now;
    const [privateFile, publicFile] = [join(folder, 'key.pem'), join(folder, 'keys.pem')];
    writeFileSync(privateFile, pem(keys.privateKey));
    writeFileSync(publicFile, pem(keys.publicKey));
    const watching = { issuer: 'gateway', clock, log };
    const signer = createPrincipalSigner({
      key: watchSigningKey({ file: privateFile, ...watching }),
      issuer: 'gateway',
      clock,
      random: randomBytes,
    });
    const verifier = createPrincipalVerifier({
      keys: { gateway: watchVerifyingKeys({ file: publicFile, ...watching }) },
      audience: 'owners',
      clock,
    });
    const arrives = () => expect(verifier(signer(principal, request), body)).toMatchObject({ principal });
    arrives();
    const former = signer(principal, request);

    writeFileSync(publicFile, `${pem(keys.publicKey)}${pem(next.publicKey)}`);
    // The one who signs notices a second later, and the one who verifies needs no second then.
    writeFileSync(privateFile, pem(next.privateKey));
    arrives();
    now = later(NOW, 1_000);
    arrives();
    expect(verifier(former, body)).toMatchObject({ principal });

    const late = signWith(keys.privateKey);
    writeFileSync(publicFile, pem(next.publicKey));
    now = later(NOW, 2_000);
    arrives();
    refused(() => verifier(late(principal, request), body));

    writeFileSync(publicFile, '-----BEGIN PUBLIC KEY-----');
    now = later(NOW, 4_000);
    arrives();
  });
});

test.each([
  ['another curve', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
  ['another kind', generateKeyPairSync('ed25519').privateKey],
])('a key of %s is refused before anything is signed with it', (_what, key) => {
  expect(() => signingKeyOf(key)).toThrow('expected a P-256 key');
});

test('a token is the JWT that any library reads', () => {
  const [header = ''] = sign(principal, 'owners', body).split('.');
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
    alg: 'ES256',
    typ: 'JWT',
    kid: KID,
  });
  // So many that some signatures have a number that is shorter than the others.
  for (let n = 0; n < 1_000; n += 1)
    expect(
      jwt.verify(sign(principal, 'owners', body), keys.publicKey, { clockTimestamp: NOW.getTime() / 1_000 }),
    ).toMatchObject({
      iss: 'gateway',
      aud: 'owners',
    });
});

test('nobody without our key can sign', () => {
  refused(() => verify(forge({}, others.privateKey), body));
});

test.each(['smart-home', 'constructor', '__proto__', ''])('an issuer that may not ask is refused: "%s"', (issuer) => {
  refused(() => verify(forge({ iss: issuer }), body));
});

test('a token that would live longer than thirty seconds is refused', () => {
  refused(() => verify(forge({ exp: Math.floor(NOW.getTime() / 1_000) + 31 }), body));
});

test.each(['iss', 'aud', 'iat', 'exp', 'jti', 'bh', 'trace', 'principal'])('a token without %s is refused', (claim) => {
  const { [claim]: _, ...rest } = jwt.decode(sign(principal, 'owners', body), { json: true }) ?? {};
  refused(() => verify(jwt.sign(rest, keys.privateKey, { algorithm: 'ES256', noTimestamp: true, keyid: KID }), body));
});

test('claims that we do not know are refused', () => {
  refused(() => verify(forge({ admin: true }), body));
  refused(() => verify(forge({ principal: { ...principal, admin: true } }), body));
});

test('a token that does not name its key, or names another, is refused', () => {
  const claims = jwt.decode(sign(principal, 'owners', body), { json: true }) ?? {};
  const { kid } = signingKeyOf(others.privateKey);
  refused(() => verify(jwt.sign(claims, keys.privateKey, { algorithm: 'ES256' }), body));
  refused(() => verify(jwt.sign(claims, keys.privateKey, { algorithm: 'ES256', keyid: kid }), body));
});

test('other algorithms are refused', () => {
  const claims = jwt.decode(sign(principal, 'owners', body), { json: true }) ?? {};
  refused(() => verify(jwt.sign(claims, null, { algorithm: 'none', keyid: KID }), body));
  const publicPem = keys.publicKey.export({ type: 'spki', format: 'pem' });
  refused(() => verify(jwt.sign(claims, Buffer.from(publicPem), { algorithm: 'HS256', keyid: KID }), body));
});

test.each(['', 'a', 'a.b.c', 'null', '{}'])('what is not a token is refused: "%s"', (token) => {
  refused(() => verify(token, body));
});

test('staff serve complexes, and a scope is held or not', () => {
  expect(isStaff(principal)).toBe(false);
  expect(isStaff({ ...principal, complexes: ['cx_a'] })).toBe(true);
  expect(hasScope(principal, 'premises:read')).toBe(true);
  expect(hasScope(principal, 'premises')).toBe(false);
});
