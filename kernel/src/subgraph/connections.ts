/** Our connections to a subgraph: kept while they are used, and with TLS renewed when our certificate or its authority is. */
import { createSecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { Watched } from '../watched-files.ts';
import { type Credentials, TLS_LIMITS } from './tls.ts';

/**
 * A connection that waits is ended by us, and long before the subgraph would end it (`listener.ts`): were it ended from
 * both sides, a request could leave in the moment in which the subgraph says good-bye.
 */
const KEPT_ALIVE_MS = 1_000;

/** Over TLS the service proves its name, wherever it is, and we prove ours; nothing is left of what was checked before. */
const createConnector = (name: string, { ca, cert, key }: Credentials): buildConnector.connector => {
  const connect = buildConnector({
    // Made once: for each connection the files would be parsed anew.
    secureContext: createSecureContext({ ...TLS_LIMITS, cert, key, ...(ca !== undefined && { ca }) }),
    ...{ rejectUnauthorized: true, allowH2: false, maxCachedSessions: 0 },
  });
  return (options, callback) => connect({ ...options, servername: name }, callback);
};

const createAgent = (connect?: buildConnector.connector): Agent =>
  new Agent({
    connections: 64,
    pipelining: 1,
    keepAliveTimeout: KEPT_ALIVE_MS,
    keepAliveMaxTimeout: KEPT_ALIVE_MS,
    ...(connect && { connect }),
  });

export type Connections = {
  /** For one request, at once: when our certificate is another one, the next gets other connections. */
  current(): Dispatcher;
  /** Resolves when what is under way has been answered. */
  close(): Promise<void>;
};

export const plainConnections = (): Connections => {
  const agent = createAgent();
  return { current: () => agent, close: () => agent.close() };
};

export const secureConnections = (name: string, credentials: Watched<Credentials>): Connections => {
  const draining = new Set<Promise<void>>();
  const open = (using: Credentials) => ({ using, agent: createAgent(createConnector(name, using)) });
  const drain = (agent: Agent): void => {
    const drained: Promise<void> = agent.close().finally(() => draining.delete(drained));
    draining.add(drained);
  };
  let now = open(credentials());
  return {
    current: () => {
      const using = credentials();
      if (using !== now.using) {
        drain(now.agent);
        now = open(using);
      }
      return now.agent;
    },
    close: async () => {
      drain(now.agent);
      await Promise.all(draining);
    },
  };
};
