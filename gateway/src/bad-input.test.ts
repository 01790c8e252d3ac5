import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Answer, type Asked, type House, startHouse, toAnswer } from './test/house.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse({ introspection: false });
});
beforeEach(() => {
  house.asked.length = 0;
});
afterAll(() => house.close());

const raw = async (body: string, headers: Record<string, string> = {}): Promise<Answer> =>
  toAnswer(await house.post(body, { authorization: `Bearer ${house.issuer.token()}`, ...headers }));
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** A chain of fragments, each spreading the next one twice: 2^levels fields in a few hundred tokens. */
/** Walked path by path it would never end. */
const mutationBomb = (size: number, last: string): string => {
  const to = (n: number): string => (n === size ? last : `F${n}`);
  const fragments = Array.from(
    { length: size },
    (_, n) => `fragment F${n} on Mutation { ...${to(n + 1)} ...${to(n + 1)} }`,
  );
  return `mutation { ...F0 } ${fragments.join(' ')}`;
};

const bomb = (levels: number): string => {
  const fragments = Array.from(
    { length: levels },
    (_, n) => `fragment F${n} on Person { a: friend { ...F${n + 1} } b: friend { ...F${n + 1} } }`,
  );
  return `{ me { ...F0 } } ${fragments.join(' ')} fragment F${levels} on Person { id }`;
};

describe('a request that is not GraphQL over HTTP', () => {
  test.each<[string, () => Promise<Answer>, number, string]>([
    ['malformed JSON', () => raw('{"query": "{ me { id } }"'), 400, 'BAD_USER_INPUT'],
    [
      'JSON that is not UTF-8',
      () => raw('{"query":"\xff"}'.normalize(), { 'content-type': 'application/json; charset=latin1' }),
      415,
      'BAD_USER_INPUT',
    ],
    ['no body', () => raw(''), 400, 'BAD_USER_INPUT'],
    ['a batch', () => raw('[{"query":"{ me { id } }"}]'), 400, 'BAD_USER_INPUT'],
    ['a string', () => raw('"{ me { id } }"'), 400, 'BAD_USER_INPUT'],
    ['no query', () => raw('{}'), 400, 'BAD_USER_INPUT'],
    ['a query that is not a string', () => raw('{"query":7}'), 400, 'BAD_USER_INPUT'],
    ['variables that are a list', () => raw('{"query":"{ me { id } }","variables":[]}'), 400, 'BAD_USER_INPUT'],
    [
      'variables 10 000 deep',
      () => raw(`{"query":"{ me { id } }","variables":{"x":${nested(10_000)}}}`),
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a form',
      () => raw('query={me{id}}', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'BAD_USER_INPUT',
    ],
    ['plain text', () => raw('{"query":"{ me { id } }"}', { 'content-type': 'text/plain' }), 415, 'BAD_USER_INPUT'],
    ['a compressed body', () => raw('{}', { 'content-encoding': 'gzip' }), 415, 'BAD_USER_INPUT'],
    ['100 001 bytes', () => raw(`{"query":"${'x'.repeat(100_001 - 12)}"}`), 413, 'BAD_USER_INPUT'],
    [
      '2 MB',
      () => raw(JSON.stringify({ query: '{ me { id } }', variables: { x: 'x'.repeat(2_000_000) } })),
      413,
      'BAD_USER_INPUT',
    ],
    [
      'the name of a document without a list of them',
      () => raw('{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab"}}}'),
      400,
      'DOCUMENT_NOT_TRUSTED',
    ],
    [
      'only an event stream accepted',
      () => raw('{"query":"{ me { id } }"}', { accept: 'text/event-stream' }),
      406,
      'BAD_USER_INPUT',
    ],
    [
      'only JSON in another alphabet accepted',
      () => raw('{"query":"{ me { id } }"}', { accept: 'application/json; charset=utf-16' }),
      406,
      'BAD_USER_INPUT',
    ],
    [
      'everything but JSON accepted',
      () =>
        raw('{"query":"{ me { id } }"}', {
          accept: '*/*, application/json;q=0, application/graphql-response+json;q=0.0',
        }),
      406,
      'BAD_USER_INPUT',
    ],
    [
      'a reason of 501 characters',
      () => raw('{"query":"{ me { id } }"}', { 'access-reason': 'x'.repeat(501) }),
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a reason with a line break',
      () => raw('{"query":"{ me { id } }"}', { 'access-reason': 'a%0Ab' }),
      400,
      'BAD_USER_INPUT',
    ],
  ])('%s', async (_what, request, status, code) => {
    expect(await request()).toMatchObject({ status, codes: [code] });
    expect(house.asked).toHaveLength(0);
  });
});

describe('a document that asks for what is not there or for too much', () => {
  test.each<[string, string | Asked, number, string]>([
    ['an unknown field', '{ me { id nothing } }', 400, 'BAD_USER_INPUT'],
    ['a syntax error', '{ me { id }', 400, 'BAD_USER_INPUT'],
    [
      'a wrong scalar in the document',
      'mutation { openAccessPoint(id: "a", deadlineMs: "soon") }',
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a wrong scalar in the variables',
      { query: 'mutation($d: Int) { openAccessPoint(id: "a", deadlineMs: $d) }', variables: { d: 'soon' } },
      400,
      'BAD_USER_INPUT',
    ],
    ['a variable that is missing', 'mutation($id: ID!) { openAccessPoint(id: $id) }', 400, 'BAD_USER_INPUT'],
    [
      'null where a default stood',
      { query: 'query($id: ID = "p1") { premises(id: $id) { id } }', variables: { id: null } },
      400,
      'BAD_USER_INPUT',
    ],
    [
      'null as a condition',
      { query: 'query($on: Boolean = true) { me { id @include(if: $on) } }', variables: { on: null } },
      400,
      'BAD_USER_INPUT',
    ],
    ['an operation that is not named', 'query A { me { id } } query B { me { id } }', 400, 'BAD_USER_INPUT'],
    ['an operation that is not there', { query: 'query A { me { id } }', operationName: 'B' }, 400, 'BAD_USER_INPUT'],
    ['introspection where it is off', '{ __schema { types { name } } }', 400, 'BAD_USER_INPUT'],
    [
      'introspection under another name',
      'query { ...F } fragment F on Query { x: __type(name: "A") { name } }',
      400,
      'BAD_USER_INPUT',
    ],
    [
      "the subgraphs' own fields",
      '{ _service { sdl } _entities(representations: []) { __typename } }',
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a key under the name of which something else is asked',
      '{ me { premises { id: label vehicles } } }',
      400,
      'BAD_USER_INPUT',
    ],
    ["an alias that is the schema's own", '{ me { __typename: id premises { id } } }', 400, 'BAD_USER_INPUT'],
    ["an alias that is an object's own", '{ __proto__: me { polluted: id } }', 400, 'BAD_USER_INPUT'],
    ['a subscription', 'subscription { me { id } }', 400, 'BAD_USER_INPUT'],
    [
      '1 000 aliases',
      `{ ${Array.from({ length: 1_000 }, (_, n) => `a${n}: me { id }`).join(' ')} }`,
      400,
      'QUERY_TOO_COMPLEX',
    ],
    [
      '31 aliases',
      `{ me { ${Array.from({ length: 31 }, (_, n) => `a${n}: id`).join(' ')} } }`,
      400,
      'QUERY_TOO_COMPLEX',
    ],
    [
      '11 mutations',
      `mutation { ${Array.from({ length: 11 }, (_, n) => `a${n}: removeVehicle(id: "v")`).join(' ')} }`,
      400,
      'QUERY_TOO_COMPLEX',
    ],
    ['a depth of 13', `{ me { ${'friend { '.repeat(11)}id${' }'.repeat(11)} } }`, 400, 'QUERY_TOO_COMPLEX'],
    ['the same field 999 times', `{ me { ${'id '.repeat(999)} } }`, 400, 'QUERY_TOO_COMPLEX'],
    ['a bomb of fragments', bomb(9), 400, 'QUERY_TOO_COMPLEX'],
    ['ninety mutation fragments, each spread twice, in a circle', mutationBomb(90, 'F0'), 400, 'BAD_USER_INPUT'],
    ['ninety mutation fragments, each spread twice, to nothing', mutationBomb(90, 'Gone'), 400, 'BAD_USER_INPUT'],
    ['fragments in a circle', '{ me { ...A } } fragment A on Person { friend { ...A } }', 400, 'BAD_USER_INPUT'],
  ])('%s', async (_what, request, status, code) => {
    const answer = await house.ask(request);
    expect({ status: answer.status, first: answer.codes[0] }).toEqual({ status, first: code });
    expect(house.asked).toHaveLength(0);
  });

  test('24 000 faults in one variable are answered with a few of them', async () => {
    const query = 'mutation($doors: [ID!]) { addVehicle(plate: "x", doors: $doors) }';
    const { status, body } = await house.ask({
      query,
      variables: { doors: Array.from({ length: 24_000 }, () => ({})) },
    });
    expect(status).toBe(400);
    expect(new Set(body.errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(['BAD_USER_INPUT']));
    expect(JSON.stringify(body).length).toBeLessThan(10_000);
    expect(house.lines.join('')).not.toContain('request-failed');
    expect(house.asked).toHaveLength(0);
  });

  test('a value of 90 kB that does not fit is not repeated in full', async () => {
    const { status, body } = await house.ask({
      query: 'mutation($d: Int) { openAccessPoint(id: "a", deadlineMs: $d) }',
      variables: { d: 'Did you mean '.repeat(7_000) },
    });
    expect(status).toBe(400);
    expect(JSON.stringify(body).length).toBeLessThan(2_000);
  });

  test('a document that is named by GET without a list of them is refused as by POST', async () => {
    const headers = { authorization: `Bearer ${house.issuer.token()}`, 'apollo-require-preflight': '1' };
    const named = encodeURIComponent('{"persistedQuery":{"version":1,"sha256Hash":"ab"}}');
    for (const search of [`?extensions=${named}`, `?query={me{id}}&extensions=${named}`])
      expect(await toAnswer(await fetch(house.url + search, { headers }))).toMatchObject({
        status: 400,
        codes: ['DOCUMENT_NOT_TRUSTED'],
      });
    expect(house.asked).toHaveLength(0);
  });

  test('what just fits is executed', async () => {
    const aliases = Array.from({ length: 30 }, (_, n) => `a${n}: id`).join(' ');
    expect((await house.ask(`{ me { ${aliases} ${'friend { '.repeat(10)}id${' }'.repeat(10)} } }`)).status).toBe(200);
  });

  test('introspection where it is off is refused in words of ours', async () => {
    const { body } = await house.ask('{ __schema { types { name } } }');
    expect(body.errors?.map(({ message }) => message)).toEqual(['Introspection is off.']);
  });

  test('a misspelt name is not answered with the right one', async () => {
    const { body } = await house.ask('{ me { ids } premise(id: 1) { id } }');
    expect(JSON.stringify(body)).not.toMatch(/Did you mean|premises/);
  });
});

test('after all of it the process answers', async () => {
  expect(await house.ask('{ me { id } }')).toMatchObject({ status: 200, body: { data: { me: { id: 'owner-a12' } } } });
});
