/** Requests that go wrong, each somewhere else. What a person typed stands in them as a canary that no log may hold. */
import { hashOf } from '../limit/trusted-documents.ts';

export const CANARY = 'А777МР777';

export type BadRequest = {
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: unknown;
};

const asked = (query: unknown, more: Readonly<Record<string, unknown>> = {}): { body: unknown } => ({
  body: { query, ...more },
});
const named = (persistedQuery: unknown): { body: unknown } => ({ body: { extensions: { persistedQuery } } });
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const OPEN = 'mutation($id: ID!, $ms: Int) { openAccessPoint(id: $id, deadlineMs: $ms) }';

export const BAD_REQUESTS: readonly BadRequest[] = [
  // Not HTTP as we speak it.
  { name: 'another method', method: 'DELETE', body: '' },
  { name: 'PATCH', method: 'PATCH', body: CANARY },
  { name: 'OPTIONS of another origin', method: 'OPTIONS', headers: { origin: 'https://elsewhere.example' } },
  { name: 'another address', path: `/${encodeURIComponent(CANARY)}`, body: '{}' },
  { name: 'a file of ours', path: '/src/main.ts', method: 'GET' },
  { name: 'a file above us', path: '/explorer/..%2f..%2fpackage.json', method: 'GET' },
  { name: 'the folder of the explorer', path: '/explorer/', method: 'GET' },
  { name: 'the administration on the public address', path: '/metrics', method: 'GET' },
  { name: 'another media type', headers: { 'content-type': 'text/xml' }, body: `<plate>${CANARY}</plate>` },
  { name: 'another alphabet', headers: { 'content-type': 'application/json; charset=koi8-r' }, body: '{}' },
  { name: 'a media type that is none', headers: { 'content-type': ';;' }, body: '{}' },
  { name: 'compression', headers: { 'content-encoding': 'br' }, body: '{}' },
  { name: 'an answer that we do not make', headers: { accept: 'image/png' }, ...asked('{ me { id } }') },
  { name: 'a deadline that is none', headers: { 'x-request-deadline': 'soon' }, ...asked('{ me { id } }') },
  { name: 'a reason with a line break', headers: { 'access-reason': 'a%0Ab' }, ...asked('{ me { id } }') },
  { name: 'a body of 200 kB', body: CANARY.repeat(20_000) },
  // Not the JSON of a request.
  { name: 'half of JSON', body: `{"query":"{ me { id } }","variables":{"plate":"${CANARY}"` },
  { name: 'no body', body: '' },
  { name: 'a zero byte', body: '{"query":"\u0000"}' },
  { name: 'a number', body: '7' },
  { name: 'null', body: 'null' },
  { name: 'a batch', body: [{ query: '{ me { id } }' }] },
  { name: 'JSON 10 000 deep', body: `{"query":"{ me { id } }","variables":{"x":${deep(10_000)}}}` },
  { name: 'a prototype', body: `{"__proto__":{"query":"{ me { id } }","plate":"${CANARY}"}}` },
  { name: 'variables that are text', ...asked('{ me { id } }', { variables: CANARY }) },
  { name: 'extensions that are text', ...asked('{ me { id } }', { extensions: CANARY }) },
  { name: 'an operation that is a number', ...asked('{ me { id } }', { operationName: 7 }) },
  { name: 'a document that is a tree', ...asked({ kind: 'Document', definitions: [] }) },
  { name: 'a document that is a list', ...asked(['{ me { id } }']) },
  { name: 'an empty document', ...asked('') },
  // Not who may ask.
  { name: 'no token', headers: { authorization: '' }, ...asked('{ me { id } }') },
  { name: 'another scheme', headers: { authorization: `Basic ${btoa('a:b')}` }, ...asked('{ me { id } }') },
  { name: 'a token that is none', headers: { authorization: 'Bearer a.b.c' }, ...asked('{ me { id } }') },
  { name: 'a token of 9 kB', headers: { authorization: `Bearer ${'a'.repeat(9_000)}` }, ...asked('{ me { id } }') },
  { name: 'a proof that is none', headers: { authorization: 'DPoP a.b.c', dpop: 'a.b.c' }, ...asked('{ me { id } }') },
  // Not a name of a document.
  { name: 'a name that is none', ...named('x') },
  { name: 'a name of nothing', ...named({ version: 1, sha256Hash: 'ab' }) },
  {
    name: 'a name with another text',
    body: { query: '{ me { id } }', extensions: { persistedQuery: { sha256Hash: hashOf('x') } } },
  },
  // Not GraphQL.
  { name: 'no GraphQL', ...asked(`${CANARY} {{{`) },
  { name: 'a text without an end', ...asked(`{ premises(id: "${CANARY}`) },
  { name: 'a character that is none', ...asked('{ me { id } } \u0007') },
  { name: '1 001 tokens', ...asked(`{ ${'a '.repeat(1_001)} }`) },
  { name: 'a definition of a type', ...asked('type Query { me: String }') },
  { name: 'two operations and no name', ...asked('query A { me { id } } query B { me { id } }') },
  { name: 'an operation that is not there', ...asked('query A { me { id } }', { operationName: CANARY }) },
  { name: 'a subscription', ...asked('subscription { me { id } }') },
  // Not our schema.
  { name: 'a field that is not there', ...asked('{ me { ids } }') },
  { name: 'a type that is not there', ...asked('{ me { ... on Persons { id } } }') },
  { name: 'an argument that is not there', ...asked(`{ premises(ids: "${CANARY}") { label } }`) },
  { name: 'an argument that is missing', ...asked('{ premises { label } }') },
  { name: 'a directive that is not there', ...asked('{ me { id @secret } }') },
  { name: 'a fragment that is not there', ...asked('{ me { ...F } }') },
  { name: 'fragments in a circle', ...asked('{ me { ...F } } fragment F on Person { friend { ...F } }') },
  { name: 'selections of a text', ...asked('{ me { id { x } } }') },
  { name: 'no selections of an object', ...asked('{ me }') },
  { name: 'fields that conflict', ...asked('{ x: archive(q: "a") x: archive(q: "b") }') },
  { name: 'introspection', ...asked('{ __schema { types { name } } }') },
  { name: 'introspection of one type', ...asked('{ __type(name: "Person") { name } }') },
  {
    name: 'what the subgraphs have for us',
    ...asked('{ _service { sdl } _entities(representations: []) { __typename } }'),
  },
  { name: 'too deep', ...asked(`{ me { ${'friend { '.repeat(20)}id${' }'.repeat(20)} } }`) },
  { name: 'too many aliases', ...asked(`{ me { ${Array.from({ length: 40 }, (_, n) => `a${n}: id`).join(' ')} } }`) },
  {
    name: 'too many mutations',
    ...asked(`mutation { ${Array.from({ length: 11 }, (_, n) => `a${n}: removeVehicle(id: "v")`).join(' ')} }`),
  },
  // Not its values.
  { name: 'a value of another kind', ...asked(`mutation { openAccessPoint(id: "d", deadlineMs: "${CANARY}") }`) },
  { name: 'a variable of another kind', ...asked(OPEN, { variables: { id: 'd', ms: CANARY } }) },
  { name: 'a variable that is missing', ...asked(OPEN, { variables: {} }) },
  { name: 'a variable that is an object', ...asked(OPEN, { variables: { id: { plate: CANARY } } }) },
  { name: 'a number that is too large', ...asked(OPEN, { variables: { id: 'd', ms: 1e300 } }) },
  {
    name: 'a variable that nobody declared',
    ...asked('{ premises(id: $id) { label } }', { variables: { id: CANARY } }),
  },
  // Not allowed, or broken.
  { name: 'a forbidden field', ...asked('{ me { secret } closed }') },
  { name: 'a field that breaks', ...asked('{ broken }') },
  { name: 'a field that breaks beside one that does not', ...asked('{ me { id } broken }') },
];
