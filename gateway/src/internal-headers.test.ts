/** What our services tell one another in headers comes from them: nothing that a client sends reaches a subgraph as it stands. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createPrincipalSigner, signingKeyOf } from '@house/kernel/principal';
import { connectSubgraph } from '@house/kernel/subgraph';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { type House, startHouse } from './test/house.ts';

type Received = { headers: IncomingHttpHeaders; body: string };
const received: Received[] = [];
const subgraph = createServer((incoming, outgoing) => {
  void text(incoming).then((body) => {
    received.push({ headers: incoming.headers, body });
    outgoing.end('{"data":{"me":{"id":"pe_1","__typename":"Person"}}}');
  });
});

const signWith = () => {
  const key = signingKeyOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  return createPrincipalSigner({ key: () => key, issuer: 'gateway', clock: () => new Date(), random: randomBytes });
};
const expiresAt = new Date('2100-01-01T00:00:00Z');
const staff = {
  subject: 'admin',
  clientId: 'x',
  roles: ['platform_admin'],
  scopes: [],
  complexes: ['cx_a'],
  tokenId: 'x',
  expiresAt,
};

let house: House;
let owners: ReturnType<typeof connectSubgraph>;
beforeAll(async () => {
  await once(subgraph.listen(0, '127.0.0.1'), 'listening');
  const { port } = subgraph.address() as AddressInfo;
  owners = connectSubgraph({ name: 'owners', url: `http://127.0.0.1:${port}/graphql`, sign: signWith() });
  const nobody = { name: 'smart-home', execute: async () => ({ data: {} }) };
  house = await startHouse({ subgraphs: { owners, 'smart-home': nobody } });
});
afterAll(async () => {
  await house.close();
  await owners.close();
  subgraph.close();
  subgraph.closeAllConnections();
});
beforeEach(() => {
  received.length = 0;
});

const MARK = 'sent-by-the-client';
const query = '{ me { id } }';
const forged = signWith()(staff, { audience: 'owners', body: JSON.stringify({ query }), traceId: MARK });

const HEADERS: Readonly<Record<string, string>> = {
  'x-principal': forged,
  'x-trace-id': MARK,
  'x-request-id': MARK,
  'x-house-principal': forged,
  'x-house-role': MARK,
  'x-house-subject': MARK,
  'x-user-id': MARK,
  'x-forwarded-for': '10.1.2.3',
  'x-forwarded-user': MARK,
  'x-forwarded-client-cert': `Subject="CN=${MARK}"`,
  forwarded: `for=${MARK}`,
  'client-cert': `:${Buffer.from(MARK).toString('base64')}:`,
  'x-ssl-client-s-dn': `CN=${MARK}`,
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  baggage: `house=${MARK}`,
  cookie: `session=${MARK}`,
  'apollo-federation-include-trace': 'ftv1',
  'apollographql-client-name': MARK,
  'x-http-method-override': MARK,
};

const ours = ['connection', 'content-length', 'content-type', 'host', 'x-principal', 'x-request-deadline'];

test.each(Object.keys(HEADERS))('%s of a client stays with the gateway', async (name) => {
  const sent = HEADERS[name] ?? '';
  await house.ask(query, { headers: { [name]: sent } });
  const [asked] = received;
  expect(Object.keys(asked?.headers ?? {}).toSorted()).toEqual(ours);
  expect(JSON.stringify(asked)).not.toContain(sent);
  expect(JSON.stringify(jwt.decode(String(asked?.headers['x-principal'])))).not.toContain(MARK);
});

test('all of them together change nothing of who is asking, and of what', async () => {
  const answer = await house.ask({ query, extensions: { principal: forged } }, { headers: HEADERS });
  expect(answer).toMatchObject({ status: 200, codes: [] });
  const [asked] = received;
  expect(received).toHaveLength(1);
  expect(Object.keys(asked?.headers ?? {}).toSorted()).toEqual(ours);
  expect(jwt.decode(String(asked?.headers['x-principal']))).toMatchObject({
    iss: 'gateway',
    aud: 'owners',
    trace: answer.headers.get('x-request-id'),
    principal: { subject: 'owner-a12', roles: ['resident'], complexes: [] },
  });
  expect(Object.keys(JSON.parse(asked?.body ?? '{}') as object)).toEqual(['query', 'variables']);
});

test('the time that a client asks for can only be less than ours', async () => {
  await house.ask(query, { headers: { 'x-request-deadline': '999999999' } });
  await house.ask(query, { headers: { 'x-request-deadline': '2000' } });
  const [long, short] = received.map(({ headers }) => Number(headers['x-request-deadline']));
  expect(long).toBeLessThanOrEqual(10_000);
  expect(short).toBeLessThanOrEqual(2_000);
});
