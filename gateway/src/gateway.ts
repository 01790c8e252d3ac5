/**
 * The gateway: who are you · may you · how much · then the plan. Start reading at the list below.
 *
 * No subgraph is asked before every step has let the request pass, and every refusal is one of the catalogue.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock, Random } from '@house/kernel/clock';
import { createListener, type Subgraph, type Tls } from '@house/kernel/subgraph';
import type { Telemetry } from '@house/kernel/telemetry';
import { createAuthenticate, createKeys, type Fetch } from './authenticate/authenticate.ts';
import { authorize } from './authorize/authorize.ts';
import { createSupergraph, type SupergraphSource, startGraphqlServer } from './execute/execute.ts';
import {
  ADMIT_LIMITS,
  accept,
  admit,
  createEmbeddedCounter,
  createRedisCounter,
  createSharedCounter,
  DEFAULT_LIMITS,
  DOCUMENT_LIMITS,
  deadlineOf,
  inTime,
  type LimitPolicies,
  limitDocument,
  refuseMisleadingNames,
  resolveDocument,
  takePlaces,
} from './limit/limit.ts';
import {
  createAdministration,
  createPresentError,
  createServeRequests,
  ENDPOINT,
  type Explorer,
  isUnexplained,
} from './present/present.ts';
import { HttpRefusal } from './refusal.ts';
import { onDocument, onOperation, onRequest, requestPath } from './request-path.ts';

export type GatewayOptions = {
  readonly supergraph: SupergraphSource;
  /** By the names in the supergraph. */
  readonly subgraphs: Readonly<Record<string, Subgraph>>;
  readonly auth: { readonly issuer: string; readonly audience: string; readonly fetch?: Fetch };
  /** Replaces the shipped policies as a whole. */
  readonly limits?: LimitPolicies | undefined;
  /** Where uses are counted; in this process when left out. */
  readonly redisUrl?: string | undefined;
  readonly introspection: boolean;
  /** Names are suggested for misspelt ones. */
  readonly development: boolean;
  /** Left out: a browser gets what any client gets. */
  readonly explorer?: Explorer | undefined;
  readonly tls?: Tls | undefined;
  /** For how long requests are still taken once it is told to close, so that a balancer notices in time; 0 when left out. */
  readonly lameDuckMs?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
};

export type Gateway = {
  /** Takes requests; ready when the issuer's keys are known. The administration always listens on loopback. */
  listen(at: { port: number; adminPort: number; host?: string }): Promise<{ url: string; adminUrl: string }>;
  /**
   * Not ready first; after the lame duck's time no more connections; then the requests under way are finished, then
   * everything else.
   */
  close(): Promise<void>;
};

const LOOPBACK = '127.0.0.1';

/** @throws when the supergraph cannot be loaded or its authorization cannot be enforced. */
export const createGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const { auth, clock, development, introspection, telemetry } = options;
  const { log, registry } = telemetry;

  const keys = createKeys({ issuer: auth.issuer, fetch: auth.fetch ?? fetch, clock, log });
  const authenticate = createAuthenticate({ keys, issuer: auth.issuer, audience: auth.audience, clock });
  const own = createEmbeddedCounter({ clock });
  const counter = options.redisUrl
    ? createSharedCounter({ store: createRedisCounter({ url: options.redisUrl, log }), own, log })
    : own;
  const policies = options.limits ?? DEFAULT_LIMITS;
  const supergraph = createSupergraph({
    source: options.supergraph,
    subgraphs: options.subgraphs,
    policies,
    counter,
    log,
  });

  const path = requestPath([
    // Bytes and syntax, before any cryptography: 405, 415, 413, 400.
    onRequest(admit(ADMIT_LIMITS)),
    // Before the document is even looked at: 401. A stranger learns nothing about the schema.
    onRequest(authenticate),
    // Before anything has an effect that the client would not be told of: 406.
    onRequest(accept),
    onRequest(resolveDocument),
    // Together with parsing and validation, which Apollo Server does: 400.
    onDocument(limitDocument(DOCUMENT_LIMITS)),
    onDocument(refuseMisleadingNames),
    // Before anything is counted: a forbidden request uses up nothing. 403.
    onOperation((operation, { permissions }) => authorize(permissions, operation)),
    // Last of the refusals, because it has an effect: 429.
    onOperation((operation, { limits }) => takePlaces(limits, operation, log)),
    // Only now the plan, and with it the first request to a subgraph.
  ]);

  const graphql = await startGraphqlServer({
    supergraph,
    steps: path.operationSteps,
    rules: path.rules,
    maxTokens: DOCUMENT_LIMITS.tokens,
    introspection,
    presentError: createPresentError({ development }),
    isUnexplained,
    log,
  });

  const serveGraphql = async (incoming: IncomingMessage, { search }: URL, traceId: string) => {
    const deadline = deadlineOf(incoming);
    return inTime(incoming, deadline, async () => {
      const { principal, body } = await path.enter({ incoming, traceId });
      if (!principal) throw new HttpRefusal('UNAUTHENTICATED');
      return graphql.answer(
        { method: incoming.method ?? 'GET', headers: incoming.headers, search, body },
        { principal, traceId, deadline },
      );
    });
  };

  let closed: Promise<void> | undefined;
  const reasonsNotReady = (): string[] => [...(keys.known() ? [] : ['keys']), ...(closed ? ['draining'] : [])];
  const administration = createListener({ handle: createAdministration({ registry, reasonsNotReady }) });
  const listener = createListener({
    handle: createServeRequests({ serveGraphql, explorer: options.explorer, random: options.random, telemetry }),
    tls: options.tls,
    lameDuckMs: options.lameDuckMs,
  });

  const close = async (): Promise<void> => {
    await listener.close();
    keys.stop();
    await graphql.stop();
    await counter.close();
    await administration.close();
  };

  return {
    listen: async ({ port, adminPort, host = LOOPBACK }) => {
      keys.start();
      const adminUrl = `http://${LOOPBACK}:${await administration.listen(adminPort, LOOPBACK)}`;
      const url = `${options.tls ? 'https' : 'http'}://${host}:${await listener.listen(port, host)}${ENDPOINT}`;
      log.info('gateway-listening', { address: url });
      return { url, adminUrl };
    },
    close: () => {
      closed ??= close();
      return closed;
    },
  };
};
