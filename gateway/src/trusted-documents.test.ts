import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { DocumentMode } from './limit/limit.ts';
import { hashOf } from './limit/trusted-documents.ts';
import { type Answer, type House, startHouse, toAnswer } from './test/house.ts';
import { createRegistry } from './test/publications.ts';

const TRUSTED = 'query Me { me { id } }\n';
const OPEN = 'mutation Open($id: ID!) { openAccessPoint(id: $id) }\n';
const HOME = 'query Home($id: ID!) { premises(id: $id) { label } }\n';
const FREE = '{ me { id } }';
const ME = { me: { id: 'owner-a12' } };

const registry = createRegistry();
registry.publish('0001-app', [TRUSTED, OPEN, HOME]);
afterAll(() => registry.remove());

const houses = new Map<DocumentMode, House>();
const house = (mode: DocumentMode): House => {
  const found = houses.get(mode);
  if (!found) throw new Error(`no house with ${mode}`);
  return found;
};
beforeAll(async () => {
  for (const mode of ['off', 'optional', 'required'] as const)
    houses.set(mode, await startHouse({ documents: { mode, directory: registry.directory } }));
});
beforeEach(() => {
  for (const { asked } of houses.values()) asked.length = 0;
});
afterAll(async () => {
  for (const each of houses.values()) await each.close();
});

const named = (sha256Hash: unknown, more: Record<string, unknown> = {}) => ({
  persistedQuery: { version: 1, sha256Hash, ...more },
});
const get = async (mode: DocumentMode, parameters: Record<string, string> | [string, string][]): Promise<Answer> => {
  const { url, issuer } = house(mode);
  const headers = { authorization: `Bearer ${issuer.token()}`, 'apollo-require-preflight': '1' };
  return toAnswer(await fetch(`${url}?${new URLSearchParams(parameters)}`, { headers }));
};

describe.each(['off', 'optional', 'required'] as const)('with trusted documents %s', (mode) => {
  test('a document is served by its name, alone and with its text', async () => {
    const extensions = named(hashOf(TRUSTED));
    for (const request of [{ extensions }, { query: TRUSTED, extensions }])
      expect(await house(mode).ask(request)).toMatchObject({ status: 200, body: { data: ME } });
  });

  test('so is one with variables, and other extensions do no harm', async () => {
    const request = { extensions: { ...named(hashOf(HOME)), other: 1 }, variables: { id: 'p1' } };
    const answer = await house(mode).ask(request);
    expect(answer).toMatchObject({ status: 200, body: { data: { premises: { label: 'Кв. 12' } } } });
  });

  test('one is served by GET, and changes nothing by GET', async () => {
    const me = JSON.stringify(named(hashOf(TRUSTED)));
    expect(await get(mode, { extensions: me })).toMatchObject({ status: 200, body: { data: ME } });
    expect(await get(mode, { extensions: me, query: TRUSTED })).toMatchObject({ status: 200, body: { data: ME } });
    const open = { extensions: JSON.stringify(named(hashOf(OPEN))), variables: '{"id":"door"}' };
    expect(await get(mode, open)).toMatchObject({ status: 405, codes: ['BAD_USER_INPUT'] });
  });

  test.each([
    ['of nothing', { extensions: named('ab') }],
    ['of a document that nobody published', { extensions: named(hashOf(FREE)) }],
    ['in capitals', { extensions: named(hashOf(TRUSTED).toUpperCase()) }],
    ['that is a list', { extensions: named([hashOf(TRUSTED)]) }],
    ['that is missing', { extensions: { persistedQuery: { version: 1 } } }],
    ['that is null', { extensions: { persistedQuery: null } }],
    ['that every object has', { extensions: named('constructor') }],
    ['of another kind', { extensions: named(hashOf(TRUSTED), { version: 2 }) }],
    ['with another trusted text', { query: OPEN, extensions: named(hashOf(TRUSTED)) }],
    ['with a text that nobody published', { query: FREE, extensions: named(hashOf(TRUSTED)) }],
    ['with a text that is no GraphQL', { query: '{{{', extensions: named(hashOf(TRUSTED)) }],
  ])('a name %s is refused, and no subgraph is asked', async (_what, request) => {
    expect(await house(mode).ask(request)).toMatchObject({ status: 400, codes: ['DOCUMENT_NOT_TRUSTED'] });
    expect(house(mode).asked).toHaveLength(0);
  });

  test('by GET a name is refused that is said twice or comes with another text', async () => {
    const extensions = JSON.stringify(named(hashOf(TRUSTED)));
    for (const parameters of [
      [
        ['extensions', extensions],
        ['extensions', extensions],
      ],
      [
        ['extensions', extensions],
        ['query', TRUSTED],
        ['query', FREE],
      ],
      [
        ['extensions', extensions],
        ['query', FREE],
      ],
    ] as [string, string][][])
      expect(await get(mode, parameters as [string, string][])).toMatchObject({
        status: 400,
        codes: ['DOCUMENT_NOT_TRUSTED'],
      });
    expect(house(mode).asked).toHaveLength(0);
  });
});

describe('where they are not required', () => {
  test.each(['off', 'optional'] as const)('any text is served with %s, also under its own name', async (mode) => {
    for (const request of [FREE, { query: FREE, extensions: named(hashOf(FREE)) }])
      expect(await house(mode).ask(request)).toMatchObject({ status: 200, body: { data: ME } });
    expect(await get(mode, { query: FREE })).toMatchObject({ status: 200, body: { data: ME } });
  });
});

describe('where they are required', () => {
  const refused = { status: 400, codes: ['DOCUMENT_NOT_TRUSTED'] };

  test('a text that was published needs no name', async () => {
    expect(await house('required').ask(TRUSTED)).toMatchObject({ status: 200, body: { data: ME } });
    expect(await get('required', { query: TRUSTED })).toMatchObject({ status: 200, body: { data: ME } });
  });

  test.each([
    ['any other text', FREE],
    ['the same text with another space', TRUSTED.replace('{ id }', '{id }')],
    ['the same text without its last line break', TRUSTED.trim()],
    ['the same text with a comment', `${TRUSTED}#`],
    ['two documents, of which one is trusted', `${TRUSTED}query Free { me { secret } }`],
    ['a text under its own name', { query: FREE, extensions: named(hashOf(FREE)) }],
    ['introspection', '{ __schema { types { name } } }'],
    ['what is no GraphQL', '{{{'],
    ['no text', {}],
    ['an empty text', ''],
    ['null', { query: null as never }],
  ])('%s is refused in the same words, and no subgraph is asked', async (_what, request) => {
    const answer = await house('required').ask(request);
    expect(answer).toMatchObject(refused);
    expect(answer.body).toEqual((await house('required').ask('{ nothing }')).body);
    expect(house('required').asked).toHaveLength(0);
  });

  test('what is no text at all is refused before anybody signs in', async () => {
    for (const query of [7, [TRUSTED], { kind: 'Document' }, true])
      expect(await toAnswer(await house('required').post(JSON.stringify({ query })))).toMatchObject({
        status: 400,
        codes: ['BAD_USER_INPUT'],
      });
  });

  test('the text of an address is none that a body may hide behind', async () => {
    const { url, issuer } = house('required');
    const headers = { authorization: `Bearer ${issuer.token()}`, 'content-type': 'application/json' };
    const search = new URLSearchParams({ query: TRUSTED });
    const answer = await fetch(`${url}?${search}`, { method: 'POST', headers, body: JSON.stringify({ query: FREE }) });
    expect(await toAnswer(answer)).toMatchObject(refused);
    for (const parameters of [{ query: FREE }, {}, { query: TRUSTED, extensions: '[' }] as Record<string, string>[])
      expect((await get('required', parameters)).status).toBe(400);
    expect(house('required').asked).toHaveLength(0);
  });

  test('who did not sign in does not learn what is on the list', async () => {
    const ask = async (body: unknown) => {
      const response = await house('required').post(JSON.stringify(body));
      return { status: response.status, text: await response.text() };
    };
    const answers = await Promise.all([
      ask({ query: TRUSTED }),
      ask({ query: FREE }),
      ask({ extensions: named('ab') }),
    ]);
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
  });

  test('what is published while it runs is served', async () => {
    expect(await house('required').ask(FREE)).toMatchObject(refused);
    registry.publish('0002-more', [FREE]);
    house('required').move(1_000);
    expect(await house('required').ask(FREE)).toMatchObject({ status: 200, body: { data: ME } });
  });
});
