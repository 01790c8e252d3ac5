import { expect, test } from '@jest/globals';
import { contentDigestMatches, contentDigestOf } from './content-digest.ts';

/** RFC 9530, appendix B: its examples' content ends with a line feed. */
const HELLO = Buffer.from('{"hello": "world"}\n');
const SHA_256 = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';
const EMPTY_256 = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:';
const EMPTY_512 = 'sha-512=:z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==:';

test('the digests are those of RFC 9530, of nothing too', () => {
  expect(contentDigestOf(HELLO)).toBe(SHA_256);
  expect(contentDigestOf(Buffer.alloc(0))).toBe(EMPTY_256);
});

test.each([
  [SHA_256, HELLO],
  [EMPTY_256, Buffer.alloc(0)],
  [EMPTY_512, Buffer.alloc(0)],
  [`${EMPTY_256}, ${EMPTY_512}`, Buffer.alloc(0)],
  [`unheard-of=:AAAA:,${EMPTY_256}`, Buffer.alloc(0)],
])('%s is a digest of its content', (field, content) => {
  expect(contentDigestMatches(field, content)).toBe(true);
});

test.each([
  undefined,
  '',
  ':',
  'sha-256',
  'sha-256=47DEQpj8HBSa',
  SHA_256,
  `${SHA_256}, ${EMPTY_512}`,
  `${EMPTY_256}, ${EMPTY_256}`,
  `${EMPTY_256},`,
  'unheard-of=:AAAA:',
  EMPTY_256.replace('FU=:', 'FV=:'),
  EMPTY_256.toUpperCase(),
])('%s is no digest of nothing', (field) => {
  expect(contentDigestMatches(field, Buffer.alloc(0))).toBe(false);
});
