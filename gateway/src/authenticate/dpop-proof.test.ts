import { describe, expect, test } from '@jest/globals';
import { createClock } from '../test/house.ts';
import { createNonces } from './dpop-nonce.ts';
import { createVerifyProof } from './dpop-proof.ts';
import { createForgeKey, createProofForge, thumbprint } from './test/forge.ts';
import { GOOD_PROOFS, HOSTILE_PROOFS } from './test/hostile-proofs.ts';

const TARGET = 'https://house.example/graphql';
const TOKEN = 'the.access.token';
const MINUTE = 60_000;

const time = createClock();
const key = createForgeKey();
const nonces = createNonces({ keys: () => [Buffer.alloc(32, 1)], clock: time.clock });
const strangeNonces = createNonces({ keys: () => [Buffer.alloc(32, 2)], clock: time.clock });
const old = nonces.current();
time.move(4 * MINUTE);
const before = nonces.current();
time.move(2 * MINUTE);

const forge = createProofForge({
  now: Math.floor(time.clock().getTime() / 1_000),
  key,
  strange: createForgeKey(),
  accessToken: TOKEN,
  method: 'POST',
  url: TARGET,
  nonces: { current: nonces.current(), before, old, strange: strangeNonces.current() },
});
const verifier = (isNonceNeeded: boolean) => {
  const verify = createVerifyProof({ nonces, isNonceNeeded, clock: time.clock });
  return (proofs: string | readonly string[]) =>
    verify({
      proofs: [proofs].flat(),
      method: 'POST',
      targets: ['https://other.example/graphql', TARGET],
      accessToken: TOKEN,
      boundToKey: thumbprint(key),
    });
};
const verify = verifier(true);

describe('a proof is refused', () => {
  test.each(HOSTILE_PROOFS)('%s: %s', (check, _name, build) => {
    const isAboutNonce = check.startsWith('10') && typeof build(forge) === 'string';
    const verdict = verify(build(forge));
    expect(['proof', 'nonce']).toContain(verdict);
    if (!isAboutNonce) expect(verdict).toBe('proof');
  });
});

describe('a proof is not refused:', () => {
  test.each(GOOD_PROOFS)('%s', (_name, build) =>
    expect(verify(build(forge))).toMatchObject({ key: thumbprint(key), id: expect.any(String) }),
  );
});

test('the corpora are as large as was promised, with every check of RFC 9449 §4.3, and no case twice', () => {
  expect(HOSTILE_PROOFS.length).toBeGreaterThanOrEqual(60);
  expect(GOOD_PROOFS.length).toBeGreaterThanOrEqual(10);
  expect(new Set(HOSTILE_PROOFS.map(([check]) => Number.parseInt(check, 10)))).toEqual(
    new Set(Array.from({ length: 12 }, (_, index) => index + 1)),
  );
  expect(new Set(HOSTILE_PROOFS.map(([check, name]) => check + name)).size).toBe(HOSTILE_PROOFS.length);
});

test('it tells until when it would be good: from then on it is refused for its age', () => {
  const verdict = verify(forge.proof());
  expect(verdict).toMatchObject({ goodUntil: new Date((forge.now + 61) * 1_000) });
});

describe('a nonce', () => {
  test('of ours is asked for, and nothing else is said to be wrong', () => {
    for (const nonce of [undefined, 'x', forge.nonces.old, forge.nonces.strange])
      expect(verify(forge.proof({ nonce }))).toBe('nonce');
    expect(verify(forge.proof({ nonce: undefined, htm: 'GET' }))).toBe('proof');
  });

  test('may be missing where none is required, but not wrong', () => {
    const lenient = verifier(false);
    expect(lenient(forge.proof({ nonce: undefined }))).toMatchObject({ key: thumbprint(key) });
    expect(lenient(forge.proof({ nonce: forge.nonces.old }))).toBe('nonce');
  });
});
