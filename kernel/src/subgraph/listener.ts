/**
 * An HTTP server that bounds what a slow client may hold, and that loses no request when it closes: whatever it has
 * accepted is answered.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../telemetry.ts';
import { REQUEST_LIMIT_MS } from './deadline.ts';
import { createSecureServer, type Tls } from './tls.ts';

/** Node's own defaults keep 200 half-sent requests open for minutes; with these they are gone within nine seconds. */
export const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 8_000,
  connectionsCheckingInterval: 1_000,
  // Clients are told of it by `Keep-Alive`, and do not use a connection that has waited so long. Node ends it a second later.
  keepAliveTimeout: 5_000,
};

/**
 * Turns of the event loop in which what has already arrived is accepted and read. Node closes a connection whose request
 * it has not begun to read as if it were idle, and the system resets one that has not been accepted with its socket: what
 * arrives during a turn is met by the next, so the last one is to be short.
 */
const LAST_TURNS = { least: 5, most: 500, shortMs: 0.3 };

const untilQuiet = async (): Promise<void> => {
  for (let turn = 1; turn <= LAST_TURNS.most; turn += 1) {
    const beganAt = performance.now();
    await nextTurn();
    if (turn >= LAST_TURNS.least && performance.now() - beganAt < LAST_TURNS.shortMs) return;
  }
};

/** What is still unfinished after this is cut; no request takes longer. */
const DRAIN_LIMIT_MS = REQUEST_LIMIT_MS + 500;

/**
 * A client that reads nothing of its answer for so long is cut: Node's own default waits for ever. Longer than any answer
 * takes to be made.
 */
const IDLE_LIMIT_MS = 30_000;
/** The same once the answer is whole and only the client can make it slow; Node gives it this twice before it is sure. */
const READ_LIMIT_MS = 4_000;

export type Listener = {
  /** @returns the port, chosen by the system when 0 was asked for. */
  listen(port: number, host: string): Promise<number>;
  /**
   * From now on each answer ends its connection. Connections and requests are taken for the lame duck's time. Then no
   * connection more; requests under way are finished, and connections that wait for one may do so as long as they were
   * promised, but no longer than the lame duck's time again: one may be on its way.
   */
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

/** What Node does not end, when it ends the connections that wait, because a request seems to have begun on them. */
const watchSilent = (server: Server, isTls: boolean) => {
  const connections = new Set<Socket>();
  /** Of TLS, those on which it is not spoken yet, by whence they come: it is spoken on another socket. */
  const shakingHands = new Map<string, Socket>();
  const whence = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  const begin = (socket: Socket): void => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  };
  if (isTls) {
    server.on('connection', (socket: Socket) => {
      const from = whence(socket);
      shakingHands.set(from, socket);
      socket.once('close', () => shakingHands.get(from) === socket && shakingHands.delete(from));
    });
    server.on('secureConnection', (socket: Socket) => {
      shakingHands.delete(whence(socket));
      begin(socket);
    });
  } else server.on('connection', begin);
  return {
    end: (): void => {
      for (const socket of shakingHands.values()) socket.destroy();
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    },
  };
};

/**
 * @param handle answers; it does not reject.
 * @param lameDuckMs for how long a closing server still takes connections: whoever sends them here has to notice first.
 */
export const createListener = ({
  handle,
  tls,
  handshakeLimitMs,
  idleLimitMs = IDLE_LIMIT_MS,
  lameDuckMs = 0,
  log,
}: {
  handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  tls?: Tls | undefined;
  handshakeLimitMs?: number;
  idleLimitMs?: number;
  lameDuckMs?: number | undefined;
  /** Is told of connections that were refused. */
  log?: Log | undefined;
}): Listener => {
  let closing = false;
  let ending = false;
  const underWay = new Set<ServerResponse>();
  /** A kept-alive connection would go on bringing requests while we wait for it to end. */
  const isLast = (outgoing: ServerResponse): void => {
    if (!outgoing.headersSent) outgoing.setHeader('connection', 'close');
  };
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    underWay.add(outgoing);
    outgoing.once('close', () => {
      underWay.delete(outgoing);
      // Its headers were gone before good-bye could be said in them.
      if (ending) setImmediate(() => server.closeIdleConnections());
    });
    outgoing.once('prefinish', () => incoming.socket.setTimeout(Math.min(READ_LIMIT_MS, idleLimitMs)));
    if (closing || secure?.isOutdated(incoming.socket)) isLast(outgoing);
    void handle(incoming, outgoing);
  };
  const secure = tls && createSecureServer({ tls, options: TIMEOUTS, handshakeLimitMs, onRequest, log });
  const server = secure?.server ?? createServer(TIMEOUTS, onRequest);
  server.timeout = idleLimitMs;
  const silent = watchSilent(server, tls !== undefined);

  const close = async (): Promise<void> => {
    closing = true;
    for (const outgoing of underWay) isLast(outgoing);
    await delay(lameDuckMs);
    await untilQuiet();
    const closed = new Promise<void>((resolve) => server.once('close', resolve));
    // Not the HTTP server's own `close`, which would end the connections that wait as well.
    NetServer.prototype.close.call(server);
    const limit = setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS);
    const patience = new AbortController();
    await Promise.race([closed, delay(lameDuckMs, undefined, patience).catch(() => undefined)]);
    patience.abort();
    ending = true;
    server.closeIdleConnections();
    silent.end();
    await closed;
    clearTimeout(limit);
    // Nothing is left to be closed but the timer that looks for slow clients.
    server.close();
  };

  let closed: Promise<void> | undefined;
  return {
    listen: (port, host) => startServer(server, port, host),
    close: async () => {
      if (server.listening) closed ??= close();
      await closed;
    },
  };
};
