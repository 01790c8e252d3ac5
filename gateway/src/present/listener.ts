/** An HTTP server that bounds what a slow client may hold and finishes what it began before it closes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

export type Tls = { readonly cert: string; readonly key: string };

/** Node's own defaults keep 200 half-sent requests open for minutes; with these they are gone within nine seconds. */
const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 8_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 5_000,
};

/**
 * Turns of the event loop in which what has already arrived is accepted and read. Node closes a connection whose request
 * it has not begun to read as if it were idle.
 */
const LAST_TURNS = 5;

/** What is still unfinished after this is cut; a subgraph answers within ten seconds or not at all. */
const DRAIN_LIMIT_MS = 12_000;

/**
 * A client that reads nothing of its answer for so long is cut: Node's own default waits for ever. Longer than any answer
 * takes to be made.
 */
const IDLE_LIMIT_MS = 30_000;

export type Listener = {
  /** @returns the port, chosen by the system when 0 was asked for. */
  listen(port: number, host: string): Promise<number>;
  /** Takes no more connections, finishes the requests under way, ends the connections that wait. */
  close(): Promise<void>;
};

const startServer = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

/** @param handle answers; it does not reject. */
export const createListener = ({
  handle,
  tls,
  idleLimitMs = IDLE_LIMIT_MS,
}: {
  handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  tls?: Tls | undefined;
  idleLimitMs?: number;
}): Listener => {
  let closing = false;
  const underWay = new Set<ServerResponse>();
  /** A kept-alive connection would go on bringing requests while we wait for it to end. */
  const isLast = (outgoing: ServerResponse): void => {
    if (!outgoing.headersSent) outgoing.setHeader('connection', 'close');
  };
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    underWay.add(outgoing);
    outgoing.once('close', () => underWay.delete(outgoing));
    if (closing) isLast(outgoing);
    void handle(incoming, outgoing);
  };
  const server = tls ? createTlsServer({ ...TIMEOUTS, ...tls }, onRequest) : createServer(TIMEOUTS, onRequest);
  server.timeout = idleLimitMs;
  return {
    listen: (port, host) => startServer(server, port, host),
    close: async () => {
      closing = true;
      if (!server.listening) return;
      for (const outgoing of underWay) isLast(outgoing);
      for (let turn = 0; turn < LAST_TURNS; turn += 1) await nextTurn();
      const closed = new Promise<void>((resolve, reject) =>
        server.close((error) => (error ? reject(error) : resolve())),
      );
      const limit = setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS);
      await closed.finally(() => clearTimeout(limit));
    },
  };
};
