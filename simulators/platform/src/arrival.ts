/** A request as the platform sees it: what it names, and the simulation in which it arrived. */
import type { Contract } from './contract/contract.ts';
import type { Route } from './contract/routes.ts';
import type { Received } from './exchange.ts';
import { createTraceId } from './ids.ts';
import type { Verdict } from './integrity/verify-request.ts';
import type { ApiVersion } from './ledger.ts';
import type { Simulation } from './simulation.ts';
import type { V1 } from './v1/v1.ts';
import type { V2 } from './v2/v2.ts';
import { sitesOf } from './whereabouts.ts';

/** What a reset makes anew. */
export type Generation = { simulation: Simulation; v1: V1; v2: V2 };

export type Arrival = {
  generation: Generation;
  received: Received;
  /** Undefined outside of `/api/v1` and `/api/v2`. */
  apiVersion: ApiVersion | undefined;
  /** What its signature is worth; null where none is asked for. */
  verdict: Verdict | null;
  traceId: string;
  /** Undefined for what the contract does not list. */
  route: Route | undefined;
  params: Readonly<Record<string, string>>;
  siteIds: readonly number[];
};

export const versionOf = (path: string): ApiVersion | undefined =>
  path.startsWith('/api/v1/') ? 'v1' : path.startsWith('/api/v2/') ? 'v2' : undefined;

/** The caller's, or one of our own. */
const traceIdOf = ({ headers }: Received): string =>
  /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(headers.traceparent ?? '')?.[1] ?? createTraceId();

/** Writes the request down, before anybody looks at it. */
export const arrive = (
  received: Received,
  verdict: Verdict | null,
  generation: Generation,
  { routes }: Contract,
): Arrival => {
  const { simulation } = generation;
  const apiVersion = versionOf(received.path);
  simulation.requests.record({ received, apiVersion, verdict });
  const found = routes.find(received.method, received.path);
  const named = { params: found?.params ?? {}, query: received.query };
  return {
    generation,
    received,
    apiVersion,
    verdict,
    traceId: traceIdOf(received),
    route: found?.route,
    params: named.params,
    siteIds: found ? sitesOf(simulation, found.route.template, named) : [],
  };
};
