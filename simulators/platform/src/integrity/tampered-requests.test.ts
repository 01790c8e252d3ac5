/** The verifier by itself: random requests, changes of keys, and its beginning. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createChance } from '../chance.ts';
import type { Received } from '../exchange.ts';
import { signRequest } from './sign-request.ts';
import { type Client, type Signed, signAgain, TAMPERED, type Tools } from './tampered-requests.ts';
import { createRequestVerifier } from './verify-request.ts';

const CASES_PER_CLASS = 100;
const HOST = '127.0.0.1:4003';
const AGO_MS = 3_600_000;

const createClient = (clientId: string): Client => ({
  clientId,
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }),
});
const tools: Tools = {
  chance: createChance(1),
  now: new Date('2026-11-24T09:00:00Z'),
  client: createClient('house'),
  other: createClient('other'),
};

/** A request that somebody might send, whether the contract knows it or not. */
const anything = async (chance: () => number): Promise<Signed> => {
  const pick = <Item>(items: readonly [Item, ...Item[]]): Item =>
    items[Math.floor(chance() * items.length)] ?? items[0];
  const text = () => Math.floor(chance() * 2 ** 32).toString(36);
  const method = pick(['POST', 'PATCH']);
  const url = `https://${HOST}/api/v2/${text()}/${pick(['open', 'a%20b', 'x:y'])}${pick(['', `?q=${text()}`, '?a=1&a=2'])}`;
  const headers = {
    'content-type': pick(['application/json', 'text/plain']),
    'idempotency-key': text(),
    'expires-at': new Date(tools.now.getTime() + Math.floor(chance() * 10_000)).toISOString(),
    authorization: `Bearer ${text()}`,
  };
  const body = JSON.stringify({ [text()]: text(), more: 'и'.repeat(Math.floor(chance() * 40)) });
  const signer = { keyid: tools.client.clientId, privateKey: tools.client.privateKey, now: tools.now };
  return { url, method, body, headers: await signRequest({ method, url, headers, body }, signer) };
};
const receive = ({ url, method, headers, body }: Signed): Received => {
  const { pathname, search, host } = new URL(url);
  return {
    method,
    path: pathname,
    query: new URLSearchParams(search),
    search: search.slice(1),
    headers,
    raw: Buffer.from(body ?? ''),
    tlsVersion: 'TLSv1.3',
    clientCertificate: 'thumbprint',
    certificateTrusted: true,
    authority: headers.host ?? host,
  };
};

test('of 100 random requests of each class none is taken, and of those that nobody touched every one', async () => {
  const jwkOf = ({ clientId, publicKey }: Client) => ({ clientId, publicJwks: [publicKey.export({ format: 'jwk' })] });
  let begins = new Date(tools.now.getTime() - AGO_MS);
  const verify = createRequestVerifier({
    clock: () => begins,
    clients: [jwkOf(tools.client), jwkOf(tools.other)],
    authorities: () => [HOST],
  });
  begins = tools.now;
  const accepted: string[] = [];
  const refused: string[] = [];
  for (const [name, tamper] of TAMPERED)
    for (let index = 0; index < CASES_PER_CLASS; index += 1) {
      const request = await anything(tools.chance);
      if ((await verify(receive(await tamper(request, tools)))).valid) accepted.push(name);
      for (const right of [request, await signAgain(request, tools, {})]) {
        const verdict = await verify(receive(right));
        if (!verdict.valid) refused.push(`${name}: ${verdict.reason}`);
      }
    }
  expect({ accepted, refused }).toEqual({ accepted: [], refused: [] });
}, 120_000);

test('a client changes its key without a refused request, and the old key is worth nothing afterwards', async () => {
  const [old, fresh] = [createClient('house'), createClient('house')];
  const jwks = [old, fresh].map(({ publicKey }) => publicKey.export({ format: 'jwk' }));
  const verifierOf = (publicJwks: typeof jwks) =>
    createRequestVerifier({
      clock: () => tools.now,
      clients: [{ clientId: 'house', publicJwks }],
      authorities: () => [HOST],
    });
  const signedBy = async ({ privateKey }: Client) => {
    const [method, url] = ['GET', `https://${HOST}/api/v2/sites`];
    const headers = await signRequest({ method, url }, { keyid: 'house', privateKey, now: tools.now });
    return receive({ method, url, headers, body: undefined });
  };
  const both = verifierOf(jwks);
  expect([(await both(await signedBy(old))).valid, (await both(await signedBy(fresh))).valid]).toEqual([true, true]);
  const after = verifierOf(jwks.slice(1));
  expect([(await after(await signedBy(old))).valid, (await after(await signedBy(fresh))).valid]).toEqual([false, true]);
});

test('what was signed before the platform began is refused: nobody knows whether it was taken then', async () => {
  const headers = await signRequest(
    { method: 'GET', url: `https://${HOST}/api/v2/sites` },
    { keyid: 'house', privateKey: tools.client.privateKey, now: new Date(tools.now.getTime() - 2_000) },
  );
  const verify = createRequestVerifier({
    clock: () => tools.now,
    clients: [{ clientId: 'house', publicJwks: [tools.client.publicKey.export({ format: 'jwk' })] }],
    authorities: () => [HOST],
  });
  expect(await verify(receive({ method: 'GET', url: `https://${HOST}/api/v2/sites`, headers, body: '' }))).toEqual({
    valid: false,
    reason: 'created must not be before the platform began',
  });
});
