import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { Agent } from 'undici';
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

/** Something at a subgraph's address that answers as it likes. */
const answering = async (handle: (outgoing: ServerResponse) => void) => {
  const stranger = createServer((incoming, outgoing) => {
    incoming.resume();
    handle(outgoing);
  });
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const address = stranger.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  return {
    url: `http://127.0.0.1:${address.port}/graphql`,
    close: () => {
      stranger.close();
      stranger.closeAllConnections();
    },
  };
};

test('an answer that is not JSON is SERVICE_UNAVAILABLE, and nothing of it is repeated', async () => {
  const broken = await answering((outgoing) => outgoing.end('Анна Ветрова lives here.'));
  const client = connectSubgraph({ name: 'test', url: broken.url, sign });
  const failure = await client.execute(ask).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(String((failure as Error).cause)).not.toContain('Анна');
  await client.close();
  broken.close();
});

test('refusals that are long do not use up the connections', async () => {
  let refusals = 3;
  const server = await answering((outgoing) => {
    if (refusals > 0) outgoing.writeHead(502).end('x'.repeat(1_000_000));
    else outgoing.end('{"data":{"who":"x"}}');
    refusals -= 1;
  });
  const dispatcher = new Agent({ connections: 2, pipelining: 1 });
  const client = connectSubgraph({ name: 'test', url: server.url, sign, dispatcher, answerLimitMs: 2_000 });
  for (let left = 3; left > 0; left -= 1)
    await expect(client.execute(ask)).rejects.toMatchObject({ cause: { message: 'test answered 502' } });
  expect((await client.execute(ask)).data).toEqual({ who: 'x' });
  await dispatcher.destroy();
  server.close();
});

test('a request that waits for a connection of a stuck subgraph is SERVICE_UNAVAILABLE in time', async () => {
  const stuck = await answering(() => undefined);
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  const client = connectSubgraph({ name: 'test', url: stuck.url, sign, dispatcher, answerLimitMs: 300 });
  const startedAt = performance.now();
  const answers = await Promise.allSettled(Array.from({ length: 5 }, () => client.execute(ask)));
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  await dispatcher.destroy();
  stuck.close();
});
