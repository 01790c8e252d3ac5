import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { Agent, buildConnector } from 'undici';
import {
  createPrincipalSigner,
  createPrincipalVerifier,
  type Principal,
  signingKeyOf,
  verifyingKeysOf,
} from '../principal/principal.ts';
import { createTelemetry } from '../telemetry.ts';
import { connectSubgraph, createDeadline, createSubgraph, serveSubgraph } from './subgraph.ts';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const clock = () => new Date('2026-11-24T09:00:00Z');
const { log } = createTelemetry({ service: 'test', level: 'silent' });
const signingKey = signingKeyOf(keys.privateKey);
const known = verifyingKeysOf([keys.publicKey]);
const sign = createPrincipalSigner({ key: () => signingKey, issuer: 'gateway', clock, random: randomBytes });
const verify = createPrincipalVerifier({ keys: { gateway: () => known }, audience: 'test', clock });
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

const signed = (body: string, audience = 'test'): string => sign(principal, { audience, body, traceId: 'trace-1' });
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
    await post(body, { 'x-principal': signed(`${body} `) }),
    await post(body, { 'x-principal': signed(body, 'other') }),
  ];
  expect(attempts.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  expect(attempts.map(codeOf)).toEqual(Array(4).fill('UNAUTHENTICATED'));
  expect(executed).toBe(before);
});

test('nothing is executed a second time for the same principal, and a header says nothing of a trace', async () => {
  const body = JSON.stringify({ query: '{ who }' });
  const headers = { 'x-principal': signed(body), 'x-trace-id': 'trace-2' };
  expect((await post(body, headers)).text).toContain('owner-a12 trace-1');
  const before = executed;
  expect(await post(body, headers)).toMatchObject({ status: 401 });
  expect(executed).toBe(before);
});

test.each(['', '{', '[]', 'null', '{"query":1}', '{"query":"{ who }","variables":[]}'])(
  'a body that is not a request is 400: %s',
  async (body) => {
    const answer = await post(body, { 'x-principal': signed(body) });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_USER_INPUT']);
  },
);

test('a body of more than a megabyte is 413 and is not read further', async () => {
  const body = JSON.stringify({ query: ' '.repeat(2_000_000) });
  const answer = await post(body, { 'x-principal': signed(body) });
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
  const refusal = async (): Promise<unknown> => {
    for (;;) await late.execute(ask);
  };
  await expect(refusal()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
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
const answering = async (handle: (outgoing: ServerResponse, incoming: IncomingMessage) => void) => {
  const stranger = createServer((incoming, outgoing) => {
    incoming.resume();
    handle(outgoing, incoming);
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

test('a request that waits for a connection of a stuck subgraph is DEADLINE_EXCEEDED in time', async () => {
  const stuck = await answering(() => undefined);
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  const client = connectSubgraph({ name: 'test', url: stuck.url, sign, dispatcher, answerLimitMs: 300 });
  const startedAt = performance.now();
  const answers = await Promise.allSettled(Array.from({ length: 5 }, () => client.execute(ask)));
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  for (const answer of answers)
    expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED' } });
  await dispatcher.destroy();
  stuck.close();
});

describe('a deadline', () => {
  const timed = (ms: number, query = '{ wait }') => ({ ...ask, query, deadline: createDeadline(ms) });

  test.each([
    ['in the process', () => local],
    ['behind HTTP', () => remote],
  ])('ends a request that hangs, %s', async (_where, subgraph) => {
    held = Promise.withResolvers<string>();
    const startedAt = performance.now();
    const { errors, code } = (await subgraph()
      .execute(timed(200))
      .catch((error: unknown) => error)) as {
      errors?: [{ extensions: { code: string } }];
      code?: string;
    };
    expect(code ?? errors?.[0].extensions.code).toBe('DEADLINE_EXCEEDED');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    held.resolve('done');
  });

  test('is told to the subgraph, and nothing is sent when it is over', async () => {
    const seen: unknown[] = [];
    const server = await answering((outgoing, { headers }) => {
      seen.push(Number(headers['x-request-deadline']));
      outgoing.end('{"data":{}}');
    });
    const client = connectSubgraph({ name: 'test', url: server.url, sign });
    await client.execute(timed(900));
    await client.execute(ask);
    await expect(client.execute(timed(0))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(seen).toHaveLength(2);
    expect(seen[0]).toBeLessThanOrEqual(900);
    expect(seen[0]).toBeGreaterThan(500);
    expect(seen[1]).toBeGreaterThan(9_000);
    await client.close();
    server.close();
  });

  test('is kept by a subgraph that is told of it, whoever asks', async () => {
    held = Promise.withResolvers<string>();
    const body = JSON.stringify({ query: '{ wait }' });
    const headers = { 'x-principal': signed(body), 'x-request-deadline': '150' };
    const answer = await post(body, headers);
    expect([answer.status, codeOf(answer)]).toEqual([200, 'DEADLINE_EXCEEDED']);
    held.resolve('done');
  });

  test('that is over when a subgraph gets the request lets nothing begin there', async () => {
    const before = executed;
    const body = JSON.stringify({ query: '{ who }' });
    const answer = await post(body, { 'x-principal': signed(body), 'x-request-deadline': '0' });
    expect([answer.status, codeOf(answer)]).toEqual([200, 'DEADLINE_EXCEEDED']);
    expect(executed).toBe(before);
  });
});

describe('a request whose connection is lost', () => {
  /** Ends the first connections as soon as something of a request has come, then answers. */
  const ending = async (times: number) => {
    let begun = 0;
    const principals = new Set<unknown>();
    const server = await answering((outgoing, { headers }) => {
      begun += 1;
      principals.add(headers['x-principal']);
      if (begun <= times) outgoing.destroy();
      else outgoing.end('{"data":{"who":"x"}}');
    });
    return { ...server, begun: () => begun, principals };
  };
  const MUTATION = { ...ask, query: 'mutation { open }' };

  test('after it had left is sent once more when it is a query', async () => {
    const server = await ending(1);
    const client = connectSubgraph({ name: 'test', url: server.url, sign });
    expect((await client.execute(ask)).data).toEqual({ who: 'x' });
    expect(server.begun()).toBe(2);
    // The subgraph may have taken the first one.
    expect(server.principals.size).toBe(2);
    await client.close();
    server.close();
  });

  test('after it had left is sent only once when it is a mutation: nobody knows what came of it', async () => {
    const server = await ending(1);
    const client = connectSubgraph({ name: 'test', url: server.url, sign });
    await expect(client.execute(MUTATION)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(server.begun()).toBe(1);
    await client.close();
    server.close();
  });

  test('a second time is not sent a third time', async () => {
    const server = await ending(2);
    const client = connectSubgraph({ name: 'test', url: server.url, sign });
    await expect(client.execute(ask)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(server.begun()).toBe(2);
    await client.close();
    server.close();
  });

  test('before anything had left is sent once more, whatever it is', async () => {
    const server = await ending(0);
    const reach = buildConnector({});
    let refusals = 1;
    const dispatcher = new Agent({
      connect: (options, callback) => {
        refusals -= 1;
        if (refusals < 0) return reach(options, callback);
        return callback(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), null);
      },
    });
    const client = connectSubgraph({ name: 'test', url: server.url, sign, dispatcher });
    expect((await client.execute(MUTATION)).data).toEqual({ who: 'x' });
    expect(server.begun()).toBe(1);
    await client.close();
    server.close();
  });
});
