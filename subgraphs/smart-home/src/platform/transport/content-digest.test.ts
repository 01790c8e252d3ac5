import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { contentDigest, isDigestOf } from './content-digest.ts';

/** RFC 9530 Appendix D: what the RFC computes, of the bytes that it shows. */
const HELLO = Buffer.from('{"hello": "world"}\n');
const SHA_256 = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';
const SHA_512 = `sha-512=:${createHash('sha512').update(HELLO).digest('base64')}:`;

test('the digest is that of RFC 9530, of nothing too', () => {
  expect(contentDigest(HELLO)).toBe(SHA_256);
  expect(contentDigest(Buffer.alloc(0))).toBe('sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:');
});

test.each([
  [SHA_256, true],
  [SHA_512, true],
  [`${SHA_512}, ${SHA_256}`, true],
  [`md5=:AAAA:,${SHA_256}`, true],
  ['', false],
  ['md5=:AAAA:', false],
  ['sha-256=::', false],
  ['sha-256', false],
  [SHA_256.replaceAll(':', '"'), false],
  [SHA_256.replace('RK', 'RL'), false],
  [`${SHA_256}, ${SHA_256}`, false],
  [`${SHA_256}, sha-512=:AAAA:`, false],
  [`${SHA_256}, x`, false],
  [SHA_256.toUpperCase(), false],
])('%s says what is true: %s', (field, isTrue) => {
  expect(isDigestOf(field, HELLO)).toBe(isTrue);
});
