import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { later } from '../clock.ts';
import { HouseError } from '../errors.ts';
import { createPrincipalSigner, createPrincipalVerifier, hasScope, isStaff, type Principal } from './principal.ts';

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

const sign = createPrincipalSigner({ key: keys.privateKey, issuer: 'gateway', clock: () => NOW });
const verifyAt = (now: Date, audience = 'owners') =>
  createPrincipalVerifier({ keys: { gateway: keys.publicKey }, audience, clock: () => now });
const verify = verifyAt(NOW);

/** A token with any claims, by whoever holds `key`. */
const forge = (changes: Record<string, unknown>, key = keys.privateKey) => {
  const claims = jwt.decode(sign(principal, 'owners', body), { json: true });
  return jwt.sign({ ...claims, ...changes }, key, { algorithm: 'ES256' });
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
  expect(verify(sign(principal, 'owners', body), body)).toEqual(principal);
  const staff: Principal = { ...principal, complexes: ['cx_a'], authTime: NOW, acr: 'mfa', reason: 'ticket 1' };
  expect(verify(sign(staff, 'owners', body), body)).toEqual(staff);
});

test('a captured principal is useless for another body', () => {
  refused(() => verify(sign(principal, 'owners', body), `${body} `));
});

test('a captured principal is useless at another subgraph', () => {
  refused(() => verifyAt(NOW, 'smart-home')(sign(principal, 'owners', body), body));
});

test('a captured principal is useless after its thirty seconds and the skew of clocks', () => {
  const token = sign(principal, 'owners', body);
  expect(verifyAt(later(NOW, 34_000))(token, body)).toEqual(principal);
  refused(() => verifyAt(later(NOW, 35_000))(token, body));
});

test.each([
  ['another curve', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
  ['another kind', generateKeyPairSync('ed25519').privateKey],
])('a key of %s is refused before anything is signed with it', (_what, key) => {
  expect(() => createPrincipalSigner({ key, issuer: 'gateway', clock: () => NOW })).toThrow('expected a P-256 key');
});

test('a token is the JWT that any library reads', () => {
  const [header = ''] = sign(principal, 'owners', body).split('.');
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'ES256', typ: 'JWT' });
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

test.each(['iss', 'aud', 'iat', 'exp', 'bh', 'principal'])('a token without %s is refused', (claim) => {
  const { [claim]: _, ...rest } = jwt.decode(sign(principal, 'owners', body), { json: true }) ?? {};
  refused(() => verify(jwt.sign(rest, keys.privateKey, { algorithm: 'ES256', noTimestamp: true }), body));
});

test('claims that we do not know are refused', () => {
  refused(() => verify(forge({ admin: true }), body));
  refused(() => verify(forge({ principal: { ...principal, admin: true } }), body));
});

test('other algorithms are refused', () => {
  const claims = jwt.decode(sign(principal, 'owners', body), { json: true }) ?? {};
  refused(() => verify(jwt.sign(claims, null, { algorithm: 'none' }), body));
  const publicPem = keys.publicKey.export({ type: 'spki', format: 'pem' });
  refused(() => verify(jwt.sign(claims, Buffer.from(publicPem), { algorithm: 'HS256' }), body));
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
