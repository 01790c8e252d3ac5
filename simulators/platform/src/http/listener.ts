/**
 * The platform's door to the network: TLS 1.2 or newer behind a plain listener of our own, so that a connection can
 * be refused, left hanging or reset before anybody has spoken.
 *
 * A connection that arrives while the platform stands still waits as it would at a stopped process: it is accepted,
 * and its handshake goes on when the platform does.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { ServerTls } from '../identity.ts';
import type { OutageMode } from '../simulation.ts';

export type Listener = {
  /** Port 0 takes a free one. */
  listen(port: number): Promise<number>;
  /** Destroys what is open; the port stays ours to listen on again. */
  outage(mode: OutageMode): Promise<void>;
  restore(): Promise<void>;
  /** For connections from now on. */
  renew(tls: ServerTls): void;
  /** Ends the connection with a TCP reset. */
  reset(socket: Socket): void;
  close(): Promise<void>;
};

const VERSION = { minVersion: 'TLSv1.2' } as const;

export const createListener = (deps: {
  tls: ServerTls;
  /** Resolves when a new connection may go on; the one that waits is dropped when the platform is. */
  admitted: () => Promise<void>;
  handle: (request: IncomingMessage, response: ServerResponse) => void;
}): Listener => {
  const { tls, admitted, handle } = deps;
  const sockets = new Set<Socket>();
  /** By the client's port: TLS hides the socket beneath it. */
  const byPort = new Map<number, Socket>();
  let front: Server | undefined;
  let bound = 0;
  let hanging = false;

  // A client without a certificate may speak v1 and ask for the discovery document: v2 looks at it itself.
  const secure = createHttpsServer({ ...tls, ...VERSION, requestCert: true, rejectUnauthorized: false }, handle);
  secure.on('tlsClientError', (_error, socket) => socket.destroy());

  const accept = (socket: Socket): void => {
    sockets.add(socket);
    const port = socket.remotePort ?? 0;
    byPort.set(port, socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      if (byPort.get(port) === socket) byPort.delete(port);
    });
    if (hanging) return;
    void admitted().then(() => {
      if (!socket.destroyed && !hanging) secure.emit('connection', socket);
    });
  };

  const start = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true }, accept);
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        front = server;
        resolve((server.address() as AddressInfo).port);
      });
    });
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async (): Promise<void> => {
    const stopping = front;
    front = undefined;
    const closed = stopping && new Promise<void>((resolve) => stopping.close(() => resolve()));
    destroyAll();
    await closed;
  };

  return {
    async listen(port) {
      bound = await start(port);
      return bound;
    },
    async outage(mode) {
      hanging = mode === 'hang';
      if (mode === 'refuse') return stop();
      if (!front) await start(bound);
      destroyAll();
    },
    async restore() {
      if (hanging) destroyAll();
      hanging = false;
      if (!front) await start(bound);
    },
    renew: (fresh) => secure.setSecureContext({ ...fresh, ...VERSION }),
    reset(socket) {
      const beneath = byPort.get(socket.remotePort ?? 0);
      if (beneath) beneath.resetAndDestroy();
      else socket.destroy();
    },
    async close() {
      hanging = false;
      await stop();
    },
  };
};
