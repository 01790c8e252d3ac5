/**
 * The gateway: who are you · may you · how much · then the plan. Start reading at the list below.
 *
 * No subgraph is asked before every step has let the request pass, and every refusal is one of the catalogue.
 */
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Clock, Random } from '@house/kernel/clock';
import { type Database, migrate } from '@house/kernel/database';
import { createListener, type Subgraph, type Tls } from '@house/kernel/subgraph';
import type { Telemetry } from '@house/kernel/telemetry';
import {
  type ApiKeyOptions,
  createAuthentication,
  createKeys,
  type DpopOptions,
  type Fetch,
} from './authenticate/authenticate.ts';
import { authorize } from './authorize/authorize.ts';
import { createSupergraph, type SupergraphSource, startGraphqlServer } from './execute/execute.ts';
import {
  ADMIT_LIMITS,
  accept,
  admit,
  createCounters,
  createLimiter,
  createLimitMetrics,
  createLockouts,
  DEFAULT_LIMITS,
  DOCUMENT_LIMITS,
  type DocumentMode,
  deadlineOf,
  inTime,
  type LimitPolicies,
  limitDocument,
  NO_DOCUMENTS,
  refuseMisleadingNames,
  resolveDocument,
  slowGuesses,
  TOKEN_GUESSES,
  watchTrustedDocuments,
} from './limit/limit.ts';
import {
  type Asking,
  createAdministration,
  createPresentError,
  createServeRequests,
  ENDPOINT,
  type Explorer,
  isUnexplained,
} from './present/present.ts';
import { HttpRefusal } from './refusal.ts';
import { onAnswer, onDocument, onOperation, onRequest, requestPath } from './request-path.ts';

export type GatewayOptions = {
  readonly supergraph: SupergraphSource;
  /** By the names in the supergraph. */
  readonly subgraphs: Readonly<Record<string, Subgraph>>;
  readonly auth: { readonly issuer: string; readonly audience: string; readonly fetch?: Fetch };
  /** How a token is shown to be with whom it was given to; `optional`, with keys of this process, when left out. */
  readonly dpop?: Partial<DpopOptions> | undefined;
  /** How machine clients sign in; left out, no API key is taken. */
  readonly apiKeys?: ApiKeyOptions | undefined;
  /** Replaces the shipped policies as a whole. */
  readonly limits?: LimitPolicies | undefined;
  /** Holds the tables of `migrateGateway`: what must survive every other store. */
  readonly database: Database;
  /** Where uses are counted; in this process when left out. */
  readonly redisUrl?: string | undefined;
  /** The registry's directory, and whether nothing but what it lists is served; left out, no document has a name. */
  readonly documents?: { readonly mode: DocumentMode; readonly directory: string } | undefined;
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
const NONCE_KEY_BYTES = 32;

/** Brings the tables of the schema `gateway` up to date; safe to run from several processes at once. */
export const migrateGateway = (database: Database): Promise<void> =>
  migrate(database, { schema: 'gateway', directory: join(import.meta.dirname, '../migrations') });

/** @throws when the supergraph cannot be loaded or its authorization cannot be enforced. */
export const createGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const { auth, clock, development, introspection, telemetry } = options;
  const { log, registry } = telemetry;

  const keys = createKeys({ issuer: auth.issuer, fetch: auth.fetch ?? fetch, clock, log });
  const nonceKey = options.random(NONCE_KEY_BYTES);
  const authentication = createAuthentication({
    keys,
    issuer: auth.issuer,
    audience: auth.audience,
    dpop: { mode: 'optional', nonceKeys: () => [nonceKey], ...options.dpop },
    apiKeys: options.apiKeys,
    database: options.database,
    clock,
    telemetry,
  });
  const counters = createCounters({ redisUrl: options.redisUrl, database: options.database, clock, log });
  const lockouts = createLockouts({ database: options.database, clock });
  const metrics = createLimitMetrics(registry);
  const limiter = createLimiter({ counter: counters.uses, lockouts, metrics, log });
  const guessing = { counter: counters.guesses, lockouts, metrics, clock, log };
  const policies = options.limits ?? DEFAULT_LIMITS;
  const supergraph = createSupergraph({
    source: options.supergraph,
    subgraphs: options.subgraphs,
    policies,
    log,
  });
  const documents = options.documents
    ? { mode: options.documents.mode, list: watchTrustedDocuments({ ...options.documents, clock, log }) }
    : { mode: 'off' as const, list: NO_DOCUMENTS };

  const path = requestPath([
    // Bytes and syntax, before any cryptography: 405, 415, 413, 400.
    onRequest(admit(ADMIT_LIMITS)),
    // Before the document is even looked at: 401. A stranger learns nothing about the schema.
    onRequest(slowGuesses({ ...guessing, step: authentication.identify, policy: TOKEN_GUESSES })),
    // Before anything has an effect that the client would not be told of: 406.
    onRequest(accept),
    // Before it is parsed, where the list is all that is served: 400. Only whoever signed in learns what is on it.
    onRequest(resolveDocument(documents)),
    // Together with parsing and validation, which Apollo Server does: 400.
    onDocument(limitDocument(DOCUMENT_LIMITS)),
    onDocument(refuseMisleadingNames),
    // Before anything is counted: a forbidden request uses up nothing. 403.
    onOperation((operation, { permissions }) => authorize(permissions, operation)),
    // Before anything is counted, again: who replays a captured proof must not use up the places of its owner. A request
    // that is refused later has used its proof up, and comes again with a fresh one anyway. 401, 503.
    onOperation(authentication.spendProof),
    // Last of the refusals, because it has an effect: 429.
    onOperation((operation, { limits }) => limiter.take(operation, limits)),
    // Only now the plan, and with it the first request to a subgraph.
    // What was refused there is given back to the targets, and counts as a guess where nothing was found.
    onAnswer(limiter.settle),
  ]);

  const graphql = await startGraphqlServer({
    supergraph,
    steps: path.operationSteps,
    answerSteps: path.answerSteps,
    rules: path.rules,
    maxTokens: DOCUMENT_LIMITS.tokens,
    introspection,
    presentError: createPresentError({ development }),
    isUnexplained,
    log,
  });

  const serveGraphql = async (incoming: IncomingMessage, { url: { search }, traceId, setHeader }: Asking) => {
    const deadline = deadlineOf(incoming);
    return inTime(incoming, deadline, async () => {
      const entered = await path.enter({ incoming, traceId, setHeader, search });
      const { principal, possession } = entered;
      if (!principal) throw new HttpRefusal('UNAUTHENTICATED');
      return graphql.answer(
        {
          method: incoming.method ?? 'GET',
          headers: incoming.headers,
          search: entered.search ?? search,
          body: entered.body,
        },
        { principal, possession, traceId, deadline },
      );
    }).finally(() => authentication.ended(incoming));
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
    await authentication.settled();
    await counters.close();
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
