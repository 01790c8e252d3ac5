/**
 * The thirteen checks of graphql-cop, the auditor that anybody can run against us: what each asks, and by what answer it
 * would find the door open. Its own figures are kept: 101 aliases, 11 requests in a batch, 500 times the same field.
 */

export type Reply = { readonly status: number; readonly text: string; readonly json: unknown };
export type Probe = {
  readonly method: 'GET' | 'POST';
  readonly path?: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};
export type CopCheck = {
  readonly name: string;
  readonly harm: 'denial of service' | 'information leak' | 'cross-site request';
  readonly probes: readonly Probe[];
  readonly isOpen: (reply: Reply) => boolean;
};

const asJson = { 'content-type': 'application/json' };
const query = (text: string): Probe => ({ method: 'POST', headers: asJson, body: JSON.stringify({ query: text }) });

const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  );
const has =
  (...path: readonly (string | number)[]) =>
  ({ json }: Reply): boolean =>
    Boolean(at(json, ...path));
const length = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

const WORKSHOPS = ['graphiql.min.css', 'GraphQL Playground', 'GraphiQL', 'graphql-playground', 'embeddable-sandbox'];

export const COP_CHECKS: readonly CopCheck[] = [
  {
    name: 'alias overloading',
    harm: 'denial of service',
    probes: [query(`query { ${Array.from({ length: 101 }, (_, n) => `alias${n}: __typename`).join(' ')} }`)],
    isOpen: has('data', 'alias100'),
  },
  {
    name: 'array batching',
    harm: 'denial of service',
    probes: [
      {
        method: 'POST',
        headers: asJson,
        body: JSON.stringify(Array.from({ length: 11 }, () => ({ query: 'query { __typename }' }))),
      },
    ],
    isOpen: ({ json }) => length(json) >= 10,
  },
  {
    name: 'directive overloading',
    harm: 'denial of service',
    probes: [query(`query { __typename ${'@aa'.repeat(10)} }`)],
    isOpen: ({ json }) => length(at(json, 'errors')) >= 10,
  },
  {
    name: 'circular query by introspection',
    harm: 'denial of service',
    probes: [
      query(
        'query { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
      ),
    ],
    isOpen: has('data', '__schema', 'types'),
  },
  {
    name: 'field duplication',
    harm: 'denial of service',
    probes: [query(`query { ${'__typename '.repeat(500)} }`)],
    isOpen: has('data', '__typename'),
  },
  {
    name: 'field suggestions',
    harm: 'information leak',
    probes: [query('query { __schema { directive } }'), query('query { premise }')],
    isOpen: ({ text }) => text.includes('Did you mean'),
  },
  {
    name: 'introspection',
    harm: 'information leak',
    probes: [query('query { __schema { types { name fields { name } } } }')],
    isOpen: has('data', '__schema', 'types'),
  },
  {
    name: 'a workshop in the browser',
    harm: 'information leak',
    probes: ['/graphiql', '/playground', '/console', '/graphql'].map((path) => ({
      method: 'GET',
      path,
      headers: { accept: 'text/html' },
    })),
    isOpen: ({ text }) => WORKSHOPS.some((word) => text.includes(word)),
  },
  {
    name: 'trace mode',
    harm: 'information leak',
    probes: [query('query { __typename }'), query('query { broken }')],
    isOpen: (reply) =>
      has('extensions', 'tracing')(reply) || /stacktrace|"(?:tracing|exception|ftv1)"/i.test(reply.text),
  },
  {
    name: 'unhandled errors',
    harm: 'information leak',
    probes: [query('qwerty cop { abc }')],
    isOpen: (reply) => has('errors', 0, 'extensions', 'exception')(reply) || reply.text.includes('"exception"'),
  },
  {
    name: 'queries by GET',
    harm: 'cross-site request',
    probes: [{ method: 'GET', search: { query: '{__typename}' } }],
    isOpen: has('data', '__typename'),
  },
  {
    name: 'mutations by GET',
    harm: 'cross-site request',
    probes: [
      { method: 'GET', search: { query: 'mutation {__typename}' } },
      { method: 'GET', search: { query: 'mutation {__typename}' }, headers: { 'apollo-require-preflight': '1' } },
    ],
    isOpen: has('data', '__typename'),
  },
  {
    name: 'a form by POST',
    harm: 'cross-site request',
    probes: [
      { method: 'POST', search: { query: 'query {__typename}' } },
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'query=query+%7B__typename%7D',
      },
      { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{"query":"query {__typename}"}' },
    ],
    isOpen: has('data', '__typename'),
  },
];
