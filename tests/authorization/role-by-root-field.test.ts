/** Every cell of role × root field, from the table of roles and the published SDL. A new role or field is a new cell. */
import { randomBytes } from 'node:crypto';
import { createGateway, type Gateway, migrateGateway } from '@house/gateway/gateway';
import { AUDIENCE, startIssuer } from '@house/gateway/test/issuer';
import type { Subgraph } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { openWhenAsked } from '@house/kernel/test/own-database';
import { ROLES, type Role } from '@house/schema/roles.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type RootField, readRootFields, SUPERGRAPH_FILE } from './root-fields.ts';

const FIELDS = readRootFields();
const NAMES = Object.keys(ROLES) as Role[];
const EVERY_SCOPE = [...new Set(Object.values(ROLES).flat())];

const database = openWhenAsked(migrateGateway);
let gateway: Gateway;
let issuer: Awaited<ReturnType<typeof startIssuer>>;
let url: string;
let asked: string[];

/** Says nothing but that it was reached. */
const recording = (name: string): Subgraph => ({
  name,
  execute: async () => {
    asked.push(name);
    return { data: {} };
  },
});

beforeAll(async () => {
  const clock = () => new Date();
  issuer = await startIssuer(clock);
  gateway = await createGateway({
    database,
    supergraph: { file: SUPERGRAPH_FILE },
    subgraphs: { owners: recording('owners'), 'smart-home': recording('smart-home') },
    auth: { issuer: issuer.issuer, audience: AUDIENCE },
    // What is tested here is who may, not how often.
    limits: {},
    introspection: false,
    development: false,
    clock,
    random: (size) => randomBytes(size),
    telemetry: createTelemetry({ service: 'test', level: 'silent' }),
  });
  ({ url } = await gateway.listen({ port: 0, adminPort: 0 }));
});
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
  await database.close();
});

type Body = { errors?: { path?: string[]; extensions: { code: string } }[] };
const ask = async (query: string, token?: string) => {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  const { errors = [] } = (await response.json()) as Body;
  return { status: response.status, refusals: errors.map(({ path, extensions }) => ({ path, code: extensions.code })) };
};

const expectDenied = async (field: RootField, claims: Record<string, unknown>): Promise<void> => {
  const { status, refusals } = await ask(field.document, issuer.token({ claims }));
  expect({ status, refusals }).toEqual({ status: 403, refusals: [{ path: [field.name], code: 'FORBIDDEN' }] });
  expect(asked).toEqual([]);
};
const expectAllowed = async (field: RootField, claims: Record<string, unknown>): Promise<void> => {
  const { status, refusals } = await ask(field.document, issuer.token({ claims }));
  expect(status).toBe(200);
  expect(refusals.filter(({ code }) => code === 'FORBIDDEN')).toEqual([]);
  expect(asked).not.toEqual([]);
};

const isSatisfied = ({ scopes }: RootField, held: readonly string[]): boolean =>
  scopes !== undefined && (scopes.length === 0 || scopes.some((all) => all.every((scope) => held.includes(scope))));

describe.each(NAMES)('%s', (role) => {
  const claims = { roles: [role], scope: EVERY_SCOPE.join(' '), complexes: role === 'resident' ? [] : ['cx_a'] };
  for (const field of FIELDS) {
    const allowed = isSatisfied(field, ROLES[role]);
    test(`${allowed ? 'may use' : 'is kept from'} ${field.coordinate}`, () =>
      (allowed ? expectAllowed : expectDenied)(field, claims));
  }
});

describe('whatever the role', () => {
  test.each(FIELDS.map((field) => [field.coordinate, field] as const))(
    '%s is closed without a token',
    async (_coordinate, field) => {
      expect(await ask(field.document)).toEqual({
        status: 401,
        refusals: [{ path: undefined, code: 'UNAUTHENTICATED' }],
      });
      expect(asked).toEqual([]);
    },
  );

  test.each(FIELDS.map((field) => [field.coordinate, field] as const))(
    '%s needs its scope in the token too',
    (_coordinate, field) => {
      const claims = { roles: NAMES, scope: 'openid' };
      return isSatisfied(field, []) ? expectAllowed(field, claims) : expectDenied(field, claims);
    },
  );

  test.each(FIELDS.map((field) => [field.coordinate, field] as const))(
    '%s is not opened by a role that nobody knows',
    (_coordinate, field) => {
      const claims = { roles: ['root', 'constructor', 'RESIDENT'], scope: EVERY_SCOPE.join(' ') };
      return isSatisfied(field, []) ? expectAllowed(field, claims) : expectDenied(field, claims);
    },
  );
});

test('there is no root field that nobody may use: it would have been published for nothing', () => {
  const useless = FIELDS.filter((field) => !NAMES.some((role) => isSatisfied(field, ROLES[role])));
  expect(useless.map(({ coordinate }) => coordinate)).toEqual([]);
});
