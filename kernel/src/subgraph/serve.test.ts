import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { createPrincipalSigner, createPrincipalVerifier, type Principal } from '../principal/principal.ts';
import { createTelemetry } from '../telemetry.ts';
import { connectSubgraph, createSubgraph, serveSubgraph } from './subgraph.ts';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const clock = () => new Date('2026-11-24T09:00:00Z');
const { log } = createTelemetry({ service: 'test', level: 'silent' });
const sign = createPrincipalSigner({ key: keys.privateKey, issuer: 'gateway', clock });
const verify = createPrincipalVerifier({ keys: { gateway: keys.publicKey }, audience: 'test', clock });
const principal: Principal = {
  subject: 'owner-a12',
  clientId: 'app',
  roles: ['resident'],
  scopes: [],
  complexes: [],
  tokenId: 'jti-1',
  expiresAt: clock(),
};

const schema = buildSchema('type Query { who: String wait: String }');
let executed = 0;
let held = Promise.withResolvers<string>();
const rootFields = schema.getQueryType()?.getFields() ?? {};
if (rootFields['who'])
  rootFields['who'].resolve = (_source, _args, { principal: asking, traceId }) => {
    executed += 1;
    return `${asking.subject} ${traceId}`;
  };
let waiting = Promise.withResolvers<void>();
if (rootFields['wait'])
  rootFields['wait'].resolve = () => {
    waiting.resolve();
    return held.promise;
  };
const local = createSubgraph({ name: 'test', schema, createContext: (request) => request, log });

const serve = () => serveSubgraph({ subgraph: local, verify, port: 0, log });
let server: Awaited<ReturnType<typeof serve>>;
let remote: ReturnType<typeof connectSubgraph>;

beforeAll(async () => {
  server = await serve();
  remote = connectSubgraph({ name: 'test', url: server.url, sign });
});
afterAll(async () => {
  await remote.close();
  await server.close();
});

const ask = { query: '{ who }', principal, traceId: 'trace-1' };

const post = async (body: string, headers: Record<string, string> = {}) => {
  const response = await fetch(server.url, { method: 'POST', body, headers });
  return { status: response.status, text: await response.text() };
};
const codeOf = ({ text }: { text: string }): unknown =>
  (JSON.parse(text) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code;

test('a subgraph answers the same behind HTTP as in the process', async () => {
  const here = await local.execute(ask);
  const there = await remote.execute(ask);
  expect(JSON.stringify(there)).toBe(JSON.stringify(here));
  expect(there.data).toEqual({ who: 'owner-a12 trace-1' });
});

test('errors look the same behind HTTP as in the process', async () => {
  const wrong = { ...ask, query: '{ unknown }' };
  expect(JSON.stringify(await remote.execute(wrong))).toBe(JSON.stringify(await local.execute(wrong)));
});

test('nothing is executed for whoever has no principal signed for this very body', async () => {
  const before = executed;
  const body = JSON.stringify({ query: '{ who }' });
  const attempts = [
    await post(body),
    await post(body, { 'x-principal': 'garbage' }),
    await post(body, { 'x-principal': sign(principal, 'test', `${body} `) }),
    await post(body, { 'x-principal': sign(principal, 'other', body) }),
  ];
  expect(attempts.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  expect(attempts.map(codeOf)).toEqual(Array(4).fill('UNAUTHENTICATED'));
  expect(executed).toBe(before);
});

test.each(['', '{', '[]', 'null', '{"query":1}', '{"query":"{ who }","variables":[]}'])(
  'a body that is not a request is 400: %s',
  async (body) => {
    const answer = await post(body, { 'x-principal': sign(principal, 'test', body) });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_USER_INPUT']);
  },
);

test('a body of more than a megabyte is 413 and is not read further', async () => {
  const body = JSON.stringify({ query: ' '.repeat(2_000_000) });
  const answer = await post(body, { 'x-principal': sign(principal, 'test', body) });
  expect([answer.status, codeOf(answer)]).toEqual([413, 'BAD_USER_INPUT']);
});

test.each([
  ['GET', '/graphql'],
  ['POST', '/'],
  ['PUT', '/graphql'],
])('%s %s is 404', async (method, path) => {
  const response = await fetch(new URL(path, server.url), { method, ...(method !== 'GET' && { body: '{}' }) });
  expect(response.status).toBe(404);
  await response.body?.cancel();
});

test('a client that goes away in the middle of its body does not stop the server', async () => {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
  socket.destroy();
  await once(socket, 'close');
  expect((await remote.execute(ask)).data).toEqual({ who: 'owner-a12 trace-1' });
});

test('closing waits for the request under way and takes no new one', async () => {
  const closing = await serve();
  const client = connectSubgraph({ name: 'test', url: closing.url, sign });
  held = Promise.withResolvers<string>();
  waiting = Promise.withResolvers<void>();
  const answer = client.execute({ ...ask, query: '{ wait }' });
  await waiting.promise;
  const closed = closing.close();
  const late = connectSubgraph({ name: 'test', url: closing.url, sign });
  await expect(late.execute(ask)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  held.resolve('done');
  expect((await answer).data).toEqual({ wait: 'done' });
  await Promise.all([closed, client.close(), late.close()]);
});

test('a subgraph that cannot be reached is SERVICE_UNAVAILABLE', async () => {
  const gone = await serve();
  await gone.close();
  const client = connectSubgraph({ name: 'test', url: gone.url, sign });
  await expect(client.execute(ask)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await client.close();
});

test('an answer that is not JSON is SERVICE_UNAVAILABLE', async () => {
  const { createServer } = await import('node:http');
  const broken = createServer((_, outgoing) => outgoing.end('An internal server error occurred.'));
  broken.listen(0, '127.0.0.1');
  await once(broken, 'listening');
  const address = broken.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  const client = connectSubgraph({ name: 'test', url: `http://127.0.0.1:${address.port}/graphql`, sign });
  await expect(client.execute(ask)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await client.close();
  broken.close();
});
