/** A small house behind a real gateway: two composed subgraphs, a real issuer, real HTTP. */
import { randomBytes } from 'node:crypto';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createSubgraph, type Subgraph, type SubgraphRequest } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { openWhenAsked } from '@house/kernel/test/own-database';
import { type DocumentNode, parse } from 'graphql';
import { createGateway, type GatewayOptions, migrateGateway } from '../gateway.ts';
import { DEFAULT_LIMITS } from '../limit/limit.ts';
import { fieldPolicyOf } from '../limit/policy.ts';
import { AUDIENCE, startIssuer, type TokenOptions } from './issuer.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",
  import: ["@key", "@shareable", "@authenticated", "@requiresScopes"])\n`;

const OWNERS = parse(`${LINK}
  type Query {
    me: Person! @authenticated
    premises(id: ID!): Premises @requiresScopes(scopes: [["premises:read"]])
    pets: [Pet!]! @authenticated
    archive(q: String): String @requiresScopes(scopes: [["audit:read"], ["audit:read:own", "premises:read"]])
    closed: String
    broken: String! @authenticated
  }
  type Person { id: ID! secret: String @requiresScopes(scopes: [["audit:read"]]) friend: Person premises: [Premises!]! }
  type Premises @key(fields: "id") { id: ID! label: String! }
  interface Pet { name: String! }
  type Cat implements Pet { name: String! }
  type Dog implements Pet { name: String! @requiresScopes(scopes: [["audit:read"]]) }
`);

const SMART_HOME = parse(`${LINK}
  type Query { operation(id: ID!): String @authenticated }
  type Mutation {
    openAccessPoint(id: ID!, deadlineMs: Int): String @requiresScopes(scopes: [["access:open"]])
    addVehicle(plate: String!, doors: [ID!]): String @requiresScopes(scopes: [["vehicle:write"]])
    removeVehicle(id: ID!): String @requiresScopes(scopes: [["vehicle:write"]])
  }
  type Premises @key(fields: "id") { id: ID! vehicles: [String!] @requiresScopes(scopes: [["vehicle:read"]]) }
`);

export const composeSupergraph = (
  parts: Readonly<Record<string, DocumentNode>> = { owners: OWNERS, 'smart-home': SMART_HOME },
): string => {
  const services = Object.entries(parts).map(([name, typeDefs]) => ({
    name,
    url: `http://${name}.internal/graphql`,
    typeDefs,
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.map(({ message }) => message).join('\n'));
  return supergraphSdl;
};

export const parseSubgraph = (sdl: string): DocumentNode => parse(LINK + sdl);

const owner = { id: 'owner-a12', secret: 'shh', premises: [{ id: 'p1', label: 'Кв. 12' }] };

/** Subgraphs that record what they were asked. */
export const createSubgraphs = () => {
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  const asked: SubgraphRequest[] = [];
  const recorded = (subgraph: Subgraph): Subgraph => ({
    name: subgraph.name,
    execute: (request) => {
      asked.push(request);
      return subgraph.execute(request);
    },
  });
  const owners = createSubgraph({
    name: 'owners',
    log,
    createContext: (request) => request,
    schema: buildSubgraphSchema([
      {
        typeDefs: OWNERS,
        resolvers: {
          Query: {
            me: () => owner,
            premises: (_: unknown, { id }: { id: string }) => (id === 'p1' ? owner.premises[0] : null),
            pets: () => [{ __typename: 'Cat', name: 'Tom' }],
            archive: () => 'dust',
            broken: () => {
              throw new Error('SELECT failed at /srv/owners/store.ts');
            },
          },
          Person: { friend: () => owner },
          Premises: {
            __resolveReference: ({ id }: { id: string }) => owner.premises.find((one) => one.id === id) ?? null,
          },
        },
      },
    ]),
  });
  const smartHome = createSubgraph({
    name: 'smart-home',
    log,
    createContext: (request) => request,
    schema: buildSubgraphSchema([
      {
        typeDefs: SMART_HOME,
        resolvers: {
          Query: { operation: (_: unknown, { id }: { id: string }) => id },
          Mutation: { openAccessPoint: () => 'op-1', addVehicle: () => 'op-2', removeVehicle: () => 'op-3' },
          Premises: { __resolveReference: ({ id }: { id: string }) => ({ id, vehicles: ['v1'] }) },
        },
      },
    ]),
  });
  return { asked, subgraphs: { owners: recorded(owners), 'smart-home': recorded(smartHome) } };
};

export type Asked = { query?: string; variables?: unknown; operationName?: string; extensions?: unknown };
export type Answer = {
  status: number;
  headers: Headers;
  body: {
    data?: Record<string, unknown> | null;
    errors?: { message: string; path?: unknown[]; extensions: { code: string; retryAfterSeconds?: number } }[];
  };
  codes: string[];
};

export const toAnswer = async (response: Response): Promise<Answer> => {
  const body = (await response.json()) as Answer['body'];
  return {
    status: response.status,
    headers: response.headers,
    body,
    codes: (body.errors ?? []).map(({ extensions }) => extensions.code),
  };
};

/** A clock that stands still until it is moved. */
export const createClock = () => {
  let now = new Date('2026-11-24T09:00:00Z');
  return {
    clock: (): Date => now,
    move: (milliseconds: number): void => {
      now = new Date(now.getTime() + milliseconds);
    },
  };
};

/** As shipped, without lockouts: only a test that is about them needs a database for every mutation. */
const LIMITS = Object.fromEntries(
  Object.entries(DEFAULT_LIMITS).map(([name, policy]) => [name, { ...fieldPolicyOf(policy), lockout: undefined }]),
);

export const startHouse = async (over: Partial<GatewayOptions> = {}) => {
  const { clock, move } = createClock();
  const issuer = await startIssuer(clock);
  const { asked, subgraphs } = createSubgraphs();
  const lines: string[] = [];
  const telemetry = createTelemetry({
    service: 'gateway',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  const database = openWhenAsked(migrateGateway);
  const gateway = await createGateway({
    database,
    supergraph: { sdl: composeSupergraph() },
    subgraphs,
    auth: { issuer: issuer.issuer, audience: AUDIENCE },
    limits: LIMITS,
    introspection: true,
    development: false,
    clock,
    random: randomBytes,
    telemetry,
    ...over,
  });
  const { url, adminUrl } = await gateway.listen({ port: 0, adminPort: 0 });
  const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  return {
    gateway,
    database,
    issuer,
    move,
    telemetry,
    url,
    adminUrl,
    asked,
    lines,
    post,
    /** Asks with a good token, unless `options` spoil it. */
    ask: async (
      request: string | Asked,
      options: TokenOptions & { headers?: Record<string, string> } = {},
    ): Promise<Answer> => {
      const body = typeof request === 'string' ? { query: request } : request;
      return toAnswer(
        await post(JSON.stringify(body), { authorization: `Bearer ${issuer.token(options)}`, ...options.headers }),
      );
    },
    close: async () => {
      await gateway.close();
      await issuer.close();
      await database.close();
    },
  };
};

export type House = Awaited<ReturnType<typeof startHouse>>;
