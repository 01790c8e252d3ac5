/**
 * TLS as our listeners speak it: 1.2 at least and only with ciphers that RFC 9325 §4.2 recommends, by a certificate that may
 * be replaced while we run. Connections that are there stay, and end with their next answer; each new one gets the new
 * certificate.
 */
import { constants, X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { Log } from '../telemetry.ts';
import { type Watched, watchFiles } from '../watched-files.ts';

/** In PEM. */
export type Credentials = {
  readonly cert: string;
  readonly key: string;
  /** The authorities that the other side's certificate is checked against: the one in use and the one to come. */
  readonly ca?: string;
};

export type Peers = {
  /** By which of the names the certificate of this connection names who shows it (RFC 9525); undefined for none. */
  nameOf(socket: Socket): string | undefined;
};

export type Tls = {
  /** Looked at for each new connection. */
  readonly credentials: Watched<Credentials>;
  /**
   * Who may connect, by a certificate of `ca`. Left out: anybody; one may show any certificate or none, and whether it
   * means anything is for whoever reads it (RFC 8705 §2.2).
   */
  readonly peers?: Peers | undefined;
};

/** A client that does not finish its handshake in this time is cut. */
const HANDSHAKE_LIMIT_MS = 5_000;

export const TLS_LIMITS = {
  minVersion: 'TLSv1.2',
  ciphers: [
    ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
    ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
    ...['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ].join(':'),
} as const satisfies SecureContextOptions;

export type CredentialFiles = { cert: string; key: string; ca?: string | undefined };

/** @throws when they cannot be used, do not belong together, or are over. */
const parseCredentials = (
  { cert, key, ca }: Partial<Record<keyof CredentialFiles, string | undefined>>,
  now: Date,
): Credentials => {
  if (!cert || !key) throw new Error('a certificate and its key are needed');
  createSecureContext({ cert, key, ...(ca !== undefined && { ca }) });
  // OpenSSL takes a file without any authority.
  if (ca !== undefined) new X509Certificate(ca);
  if (new X509Certificate(cert).validToDate <= now) throw new Error('the certificate has expired');
  return { cert, key, ...(ca !== undefined && { ca }) };
};

/**
 * @param name what the log calls them.
 * @throws when a file cannot be used at the start; afterwards the former content stays in use, and a warning says so.
 */
export const watchCredentials = ({
  name,
  files,
  clock,
  log,
}: {
  name: string;
  files: CredentialFiles;
  clock: Clock;
  log: Log;
}): Watched<Credentials> =>
  watchFiles<keyof CredentialFiles, Credentials>({
    paths: { cert: files.cert, key: files.key, ca: files.ca },
    parse: (contents) => parseCredentials(contents, clock()),
    clock,
    changed: () => log.info('certificates-read-again', { resource: name }),
    refused: (error) => log.warn('certificates-not-usable', { resource: name, error }),
  });

/** Names are those for DNS of the certificate's alternative ones, as they stand: no wildcard, and never its subject. */
export const createPeers = (names: readonly string[]): Peers => {
  const known = new WeakMap<Socket, string | undefined>();
  const look = (socket: Socket): string | undefined => {
    const certificate = (socket as Partial<TLSSocket>).getPeerX509Certificate?.();
    return names.find((name) => certificate?.checkHost(name, { subject: 'never', wildcards: false }) !== undefined);
  };
  return {
    nameOf: (socket) => {
      // It is checked by the handshake, and there is no other one on this connection.
      if (!known.has(socket)) known.set(socket, look(socket));
      return known.get(socket);
    },
  };
};

const contextOf = ({ cert, key, ca }: Credentials, peers: Peers | undefined): SecureContextOptions => ({
  ...TLS_LIMITS,
  cert,
  key,
  // Who was admitted once is looked at again each time: no session is resumed.
  ...(peers && { ca, secureOptions: constants.SSL_OP_NO_TICKET }),
});

export const createSecureServer = ({
  tls: { credentials, peers },
  options,
  handshakeLimitMs = HANDSHAKE_LIMIT_MS,
  onRequest,
  log,
}: {
  tls: Tls;
  options: ServerOptions;
  handshakeLimitMs?: number | undefined;
  onRequest: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
  /** Is told whom a listener with `peers` has refused. */
  log?: Log | undefined;
}): { server: Server; isOutdated(socket: Socket): boolean } => {
  let inUse = credentials();
  const madeBy = new WeakMap<Socket, Credentials>();
  const context = { ...options, ...contextOf(inUse, peers), handshakeTimeout: handshakeLimitMs };
  const server = createServer({ ...context, requestCert: true, rejectUnauthorized: peers !== undefined }, onRequest);
  const refused = (code: string): void => peers && log?.warn('connection-refused', { code });

  // Before Node begins the handshake, with what is set then.
  server.prependListener('connection', () => {
    const current = credentials(0);
    if (current === inUse) return;
    server.setSecureContext(contextOf(current, peers));
    inUse = current;
  });
  // Before Node reads a request from it.
  server.prependListener('secureConnection', (socket) => {
    madeBy.set(socket, inUse);
    if (!peers || peers.nameOf(socket) !== undefined) return;
    socket.destroy();
    refused('NOT_ONE_OF_US');
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    socket.destroy();
    const { authorizationError } = socket;
    const code = authorizationError ? String(authorizationError) : error.code;
    // Who only looks whether somebody listens has not been refused.
    if (code !== undefined && code !== 'ECONNRESET') refused(code);
  });
  return { server, isOutdated: (socket) => madeBy.has(socket) && madeBy.get(socket) !== inUse };
};
