import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createCertificate } from './authenticate/test/certificate.ts';
import { type House, startHouse } from './test/house.ts';

const explorer = { mode: 'graphiql' as const, token: async () => 'a.b.c' };
const { cert, key } = createCertificate('127.0.0.1');

let house: House;
let secure: House;
beforeAll(async () => {
  house = await startHouse({ explorer });
  secure = await startHouse({ explorer, tls: { credentials: () => ({ cert, key }) } });
});
afterAll(async () => {
  await house.close();
  await secure.close();
});

const EXPECTED = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};
const json = { 'content-type': 'application/json' };
const bearer = () => ({ ...json, authorization: `Bearer ${house.issuer.token()}` });
const post = (body: string, headers: Record<string, string>, path = '/graphql'): Promise<Response> =>
  fetch(new URL(path, house.url), { method: 'POST', body, headers });

test.each<[number, string, () => Promise<Response>]>([
  [200, 'an answer', () => post('{"query":"{ me { id } }"}', bearer())],
  [200, 'an answer by GET', () => fetch(`${house.url}?query={me{id}}`, { headers: bearer() })],
  [400, 'a document that does not fit', () => post('{"query":"{ nothing }"}', bearer())],
  [400, 'what is no JSON', () => post('{', json)],
  [401, 'a stranger', () => post('{"query":"{ me { id } }"}', json)],
  [403, 'a forbidden field', () => post('{"query":"{ closed }"}', bearer())],
  [404, 'another address', () => post('{}', json, '/elsewhere')],
  [405, 'another method', () => fetch(house.url, { method: 'DELETE' })],
  [406, 'a client that takes no answer', () => post('{"query":"{ me { id } }"}', { ...bearer(), accept: 'text/xml' })],
  [413, 'a body that is too large', () => post('x'.repeat(200_000), json)],
  [415, 'another media type', () => post('query={me{id}}', { 'content-type': 'application/x-www-form-urlencoded' })],
  [200, 'the administration', () => fetch(`${house.adminUrl}/livez`)],
  [200, 'metrics', () => fetch(`${house.adminUrl}/metrics`)],
  [404, 'another address of the administration', () => fetch(`${house.adminUrl}/elsewhere`)],
  [405, 'another method of the administration', () => fetch(`${house.adminUrl}/livez`, { method: 'POST' })],
])('%i, %s: nobody keeps it, runs it or frames it', async (status, _what, ask) => {
  const response = await ask();
  await response.text();
  expect({ status: response.status, ...Object.fromEntries(response.headers) }).toMatchObject({ status, ...EXPECTED });
  // Over plain HTTP it must not be said.
  expect(response.headers.has('strict-transport-security')).toBe(false);
  expect(response.headers.has('x-powered-by') || response.headers.has('server')).toBe(false);
});

test('the explorer keeps a policy of its own, in which it runs', async () => {
  const page = await fetch(house.url, { headers: { accept: 'text/html' } });
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'nonce-/);
  for (const response of [page, await fetch(new URL('/explorer/start.js', house.url))])
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

const overTls = async (path: string, headers: Record<string, string>): Promise<IncomingMessage> => {
  const asking = request(new URL(path, secure.url), { ca: cert, checkServerIdentity: () => undefined, headers }).end();
  const [incoming] = (await once(asking, 'response')) as [IncomingMessage];
  incoming.resume();
  return incoming;
};

test.each([
  ['/graphql', 401, 'application/json'],
  ['/elsewhere', 404, '*/*'],
  ['/graphql', 200, 'text/html'],
  ['/explorer/start.js', 200, '*/*'],
])('by TLS %s says (%i) that nobody should come by plain HTTP any more', async (path, statusCode, accept) => {
  const { statusCode: status, headers } = await overTls(path, { accept });
  expect(status).toBe(statusCode);
  expect(headers['strict-transport-security']).toMatch(/^max-age=(\d{8,}); includeSubDomains$/);
});
