import { expect, test } from '@jest/globals';
import { buildSchema, GraphQLError, type GraphQLSchema } from 'graphql';
import { HouseError } from '../errors.ts';
import type { Principal } from '../principal/principal.ts';
import { createTelemetry } from '../telemetry.ts';
import { createDeadline, createSubgraph, type SubgraphRequest } from './subgraph.ts';

const principal: Principal = {
  subject: 'owner-a12',
  clientId: 'app',
  roles: ['resident'],
  scopes: [],
  complexes: [],
  tokenId: 'jti-1',
  expiresAt: new Date('2026-11-24T09:00:00Z'),
};

type Fields = Record<string, (source: unknown, args: Record<string, unknown>, context: SubgraphRequest) => unknown>;

const schemaOf = (sdl: string, fields: Fields): GraphQLSchema => {
  const schema = buildSchema(sdl);
  for (const [name, resolve] of Object.entries(fields)) {
    const field = schema.getQueryType()?.getFields()[name];
    if (field) field.resolve = resolve;
  }
  return schema;
};

const start = (sdl: string, fields: Fields = {}) => {
  const lines: string[] = [];
  const { log } = createTelemetry({
    service: 'test',
    level: 'debug',
    destination: { write: (line) => lines.push(line) },
  });
  const contexts: SubgraphRequest[] = [];
  const subgraph = createSubgraph({
    name: 'test',
    schema: schemaOf(sdl, fields),
    createContext: (request) => {
      contexts.push(request);
      return request;
    },
    log,
  });
  const ask = async (query: string, rest: Partial<SubgraphRequest> = {}) => {
    const { data, errors } = await subgraph.execute({ query, principal, traceId: 'trace-1', ...rest });
    return { data: data && { ...data }, errors: (errors ?? []).map((error) => error.toJSON()) };
  };
  return { ask, lines, contexts };
};

test('a document is answered with the variables and operation that were asked for', async () => {
  const { ask } = start('type Query { echo(text: String!): String }', { echo: (_, { text }) => text });
  const query = 'query A($t: String!) { echo(text: $t) } query B { other: echo(text: "b") }';
  expect(await ask(query, { variables: { t: 'a' }, operationName: 'A' })).toEqual({ data: { echo: 'a' }, errors: [] });
  expect((await ask(query, { operationName: 'B' })).data).toEqual({ other: 'b' });
});

test('each request has a context of its own that knows the principal', async () => {
  const { ask, contexts } = start('type Query { who: String }', { who: (_, __, context) => context.principal.subject });
  await ask('{ who }');
  expect((await ask('{ who }')).data).toEqual({ who: 'owner-a12' });
  expect(contexts).toHaveLength(2);
  expect(contexts[0]).not.toBe(contexts[1]);
});

test.each([
  ['a syntax error', '{ echo', {}],
  ['an unknown field', '{ unknown }', {}],
  ['a wrong literal', '{ echo(text: 1) }', {}],
  ['a missing variable', 'query A($t: String!) { echo(text: $t) }', {}],
  ['a wrong variable', 'query A($t: String!) { echo(text: $t) }', { variables: { t: 1 } }],
  ['an unknown operation', 'query A { echo(text: "a") }', { operationName: 'B' }],
])('%s is the asker’s fault, and nothing is resolved', async (_, query, rest) => {
  let calls = 0;
  const { ask } = start('type Query { echo(text: String!): String }', {
    echo: () => {
      calls += 1;
    },
  });
  const { errors } = await ask(query, rest);
  expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(['BAD_USER_INPUT']);
  expect(calls).toBe(0);
});

test('a refusal leaves with its code, path and time to wait; its cause stays in the log', async () => {
  const { ask, lines } = start('type Query { door: String }', {
    door: () => {
      throw new HouseError('RATE_LIMITED', { retryAfterSeconds: 7, cause: new Error('bucket 12 is empty') });
    },
  });
  const { data, errors } = await ask('{ front: door }');
  expect(data).toEqual({ front: null });
  expect(errors).toEqual([
    {
      message: 'Too many of these; try again later.',
      path: ['front'],
      extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 7 },
    },
  ]);
  expect(lines.join('')).toContain('bucket 12 is empty');
  expect(lines.join('')).toContain('trace-1');
});

test('a refusal that says where in the input the fault lies keeps its code, and its path is that of the field', async () => {
  const refuse = () => {
    throw new HouseError('NOT_FOUND', { path: ['after'], cause: new Error('row 7 is gone') });
  };
  const { ask, lines } = start('type Query { sync: String async: String list: [String] }', {
    sync: refuse,
    async: async () => refuse(),
    list: () => [(async () => refuse())()],
  });
  const { errors } = await ask('{ sync async list }');
  const message = 'There is no such object, or it is not yours.';
  const byField = (path: (string | number)[] | undefined) => ({
    message,
    ...(path && { path }),
    extensions: { code: 'NOT_FOUND' },
  });
  expect(errors.toSorted((a, b) => String(b.path).localeCompare(String(a.path)))).toEqual([
    byField(undefined),
    byField(['sync']),
    byField(['async']),
  ]);
  expect(lines.filter((line) => line.includes('row 7 is gone'))).toHaveLength(3);
});

test.each([
  ['an exception', () => Promise.reject(new Error('password of the database is x'))],
  ['an error of the GraphQL library', () => Promise.reject(new GraphQLError('password of the database is x'))],
  [
    'an exception that has a path of its own',
    () => Promise.reject(Object.assign(new Error('password of the database is x'), { path: ['etc', 'passwd'] })),
  ],
  [
    'an error of the GraphQL library that has a path of its own',
    () => Promise.reject(new GraphQLError('password of the database is x', { path: ['other'] })),
  ],
  [
    'an exception inside a list that has a path of its own',
    () => [Promise.reject(Object.assign(new Error('password of the database is x'), { path: ['etc'] }))],
  ],
  ['a value of the wrong kind', () => ({ password: 'of the database is x' })],
])('%s in a resolver leaves as INTERNAL without its text', async (what, resolve) => {
  const type = what.includes('list') ? '[String]' : 'String';
  const { ask, lines } = start(`type Query { door: ${type} }`, { door: resolve });
  const { errors } = await ask('{ door }');
  expect(errors.map(({ message, extensions }) => [message, extensions])).toEqual([
    ['Something went wrong on our side.', { code: 'INTERNAL' }],
  ]);
  expect(lines.join('')).toContain('resolver-failed');
});

test('null where null cannot be is our fault', async () => {
  const { ask } = start('type Query { door: String! }', { door: () => null });
  const { data, errors } = await ask('{ door }');
  expect(data).toBeNull();
  expect(errors[0]?.extensions).toEqual({ code: 'INTERNAL' });
});

test('two thousand different documents and then the first one again are all answered', async () => {
  const { ask } = start('type Query { a: String }', { a: () => 'x' });
  for (let index = 0; index < 2_000; index += 1) await ask(`{ a${index}: a }`);
  expect((await ask('{ a0: a }')).data).toEqual({ a0: 'x' });
});

test('of two mutations the second is not begun when the first took all the time', async () => {
  const schema = buildSchema('type Query { a: String } type Mutation { first: String second: String }');
  const begun: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  const fields = schema.getMutationType()?.getFields() ?? {};
  for (const [name, field] of Object.entries(fields))
    field.resolve = () => {
      begun.push(name);
      return promise;
    };
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  const subgraph = createSubgraph({ name: 'test', schema, createContext: (request) => request, log });
  const query = 'mutation { first second }';
  const { data, errors } = await subgraph.execute({ query, principal, traceId: 't', deadline: createDeadline(50) });
  expect([data, errors?.map(({ extensions }) => extensions['code'])]).toEqual([undefined, ['DEADLINE_EXCEEDED']]);
  resolve('late');
  await new Promise((next) => setImmediate(next));
  expect(begun).toEqual(['first']);
});

test('resolvers know how much time is left, ten seconds when nobody said it', async () => {
  const { ask, contexts } = start('type Query { a: String }', { a: () => 'x' });
  await ask('{ a }');
  await ask('{ a }', { deadline: createDeadline(700) });
  const [unsaid, said] = contexts.map(({ deadline }) => deadline?.leftMs() ?? Number.NaN);
  expect(unsaid).toBeGreaterThan(9_000);
  expect(said).toBeLessThanOrEqual(700);
});
