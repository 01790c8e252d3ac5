import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createSigningPair } from '../test/played-platform.ts';
import { keySetOf, pemOf } from '../test/tls-platform.ts';
import { parsePins } from './pins.ts';
import { parseClientKey, parseSigningKeys } from './trust.ts';

const PIN = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';

test('pins are one per line, with comments', () => {
  expect([...parsePins(`# in use\n${PIN}\n\n  ${PIN.replace('4', '5')} # to come\n`)]).toEqual([
    PIN,
    PIN.replace('4', '5'),
  ]);
});

test.each(['', '# nothing\n', `${PIN}x`, PIN.slice(1), `sha256/${PIN}`, `${PIN}\nhello`])(
  '%j is no list of pins',
  (text) => {
    expect(() => parsePins(text)).toThrow('pin');
  },
);

test('a key names itself by its thumbprint (RFC 7638), whatever its file', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kid, key } = parseClientKey(pemOf(privateKey));
  expect(kid).toMatch(/^[\w-]{43}$/);
  expect(parseClientKey(privateKey.export({ type: 'sec1', format: 'pem' }).toString()).kid).toBe(kid);
  expect(createPublicKey(key).equals(createPublicKey(privateKey))).toBe(true);
});

test('only a key on P-256 signs for us', () => {
  for (const curve of ['P-384', 'secp256k1'])
    expect(() => parseClientKey(pemOf(generateKeyPairSync('ec', { namedCurve: curve }).privateKey))).toThrow();
  expect(() => parseClientKey(pemOf(generateKeyPairSync('ed25519').privateKey))).toThrow();
  expect(() => parseClientKey('')).toThrow();
});

test('the keys of the platform are known by their names, and nothing else is taken for a key', () => {
  const [first, second] = [createSigningPair('a'), createSigningPair('b')];
  expect([...parseSigningKeys(keySetOf(first, second)).keys()]).toEqual(['a', 'b']);
  const one = JSON.parse(keySetOf(first)).keys[0];
  for (const keys of [
    [],
    [one, one],
    [{ ...one, kid: '' }],
    [{ ...one, kid: undefined }],
    [{ ...one, crv: 'P-384' }],
    [{ ...one, x: 'AAAA' }],
    [{ kty: 'oct', k: 'AAAA', kid: 'a' }],
  ])
    expect(() => parseSigningKeys(JSON.stringify({ keys }))).toThrow();
  expect(() => parseSigningKeys('{"keys":')).toThrow();
});
