import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { httpbis } from 'http-message-signatures';
import { digestOf } from '../test/played-platform.ts';
import { type Request, TAMPERED_REQUESTS } from '../test/tampered-requests.ts';
import { createSignRequest } from './sign-request.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const CASES = 100;
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const kid = 'house';
const signRequest = createSignRequest({
  clientId: kid,
  clientKey: () => ({ key: privateKey, kid: 'k' }),
  clock: () => NOW,
  random: randomBytes,
});

const send = ({ method, url, headers, body }: Request): Request => ({
  method,
  url,
  headers: { ...headers, ...signRequest({ method, target: new URL(url), headers, body }) },
  body,
});

/** A receiver of the contract's making, on another library than ours; each with a memory of its own. */
const createReceiver = (now: Date = NOW) => {
  const seen = new Set<string>();
  return async ({ method, url, headers, body }: Request): Promise<boolean> => {
    if (headers['content-digest'] !== digestOf(body)) return false;
    const wherePresent = ['content-type', 'idempotency-key', 'expires-at'].filter((name) => name in headers);
    let nonce = '';
    try {
      const isGood = await httpbis.verifyMessage(
        {
          keyLookup: async (parameters) => {
            nonce = String(parameters.nonce);
            if (parameters.keyid !== kid) return null;
            const key = createPublicKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
            return {
              id: kid,
              algs: ['ecdsa-p256-sha256'],
              verify: async (data, signature) => verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature),
            };
          },
          notAfter: now,
          maxAge: 60 + (Date.now() - now.getTime()) / 1_000,
          requiredParams: ['created', 'nonce', 'keyid', 'alg'],
          requiredFields: ['@method', '@authority', '@path', '@query', 'content-digest', ...wherePresent],
          all: true,
        },
        { method, url, headers },
      );
      const isNew = !seen.has(nonce);
      seen.add(nonce);
      return isGood === true && isNew;
    } catch {
      return false;
    }
  };
};

/** An order that has everything that can be signed. */
const orderOf = (gen: fc.GeneratorValue): Request => {
  const pick = (limit: number): number => gen(fc.nat, { max: limit - 1 });
  const body = Buffer.from(JSON.stringify({ subjectRef: `sr_${pick(1_000)}`, unitId: `unit_${pick(1_000)}` }));
  return {
    method: ['POST', 'PUT', 'PATCH'][pick(3)] === 'PUT' ? 'PATCH' : 'POST',
    url: `https://platform.test/api/v2/access-points/ap_${pick(10_000)}/open${pick(2) === 0 ? '' : `?limit=${pick(100)}`}`,
    headers: {
      accept: 'application/json',
      authorization: 'Bearer token',
      'content-type': 'application/json',
      'idempotency-key': `op_${pick(1_000_000)}`,
      'expires-at': new Date(NOW.getTime() + 3_000).toISOString(),
    },
    body,
  };
};

test('there are at least twenty ways to tamper with a request', () => {
  expect(Object.keys(TAMPERED_REQUESTS).length).toBeGreaterThanOrEqual(20);
});

test.each(Object.entries(TAMPERED_REQUESTS))('%s is refused, and what it was made of is not', async (_, tamper) => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (gen) => {
      const honest = send(orderOf(gen));
      const tampered = tamper(honest, (limit) => gen(fc.nat, { max: limit - 1 }));
      expect(tampered).not.toEqual(honest);
      expect(await createReceiver()(tampered)).toBe(false);
      expect(await createReceiver()(honest)).toBe(true);
    }),
    { numRuns: CASES, seed: 421 },
  );
});

test('a request that is sent once more is signed once more, and a kept one is refused', async () => {
  const receive = createReceiver();
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (gen) => {
      const order = orderOf(gen);
      const [first, second] = [send(order), send(order)];
      expect([await receive(first), await receive(second), await receive(first)]).toEqual([true, true, false]);
    }),
    { numRuns: CASES, seed: 421 },
  );
});

test('what a request does not have is not signed, and an empty body has a digest', async () => {
  const request = send({
    method: 'GET',
    url: 'https://platform.test/api/v2/sites',
    headers: { accept: 'application/json' },
    body: Buffer.alloc(0),
  });
  expect(request.headers['content-digest']).toBe('sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:');
  expect(request.headers['signature-input']).toMatch(
    /^sig1=\("@method" "@authority" "@path" "@query" "content-digest"\);created=1772366400;nonce="[\w-]{22}";keyid="house";alg="ecdsa-p256-sha256"$/,
  );
  expect(await createReceiver()(request)).toBe(true);
});
