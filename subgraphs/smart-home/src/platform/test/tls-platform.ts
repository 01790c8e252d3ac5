/** A platform with real TLS whose certificate, keys and answers a test changes while it listens. */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { TrustFiles } from '../transport/trust.ts';
import type { Leaf } from './certificates.ts';
import { type SigningPair, signing } from './played-platform.ts';

/** `x5t#S256` of the certificate that the client of a connection showed. */
export const shownBy = (socket: TLSSocket): string => {
  const { raw } = socket.getPeerCertificate();
  return raw ? createHash('sha256').update(raw).digest('base64url') : 'none';
};
export const thumbprint = (pem: string): string =>
  createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url');

export type TlsPlatform = {
  url: string;
  /** New connections are met with this certificate; those that are open go on. */
  show(leaf: Leaf): void;
  close(): Promise<void>;
};

export const startTlsPlatform = async ({
  leaf,
  ca,
  pair,
  now,
  listener,
  ...options
}: {
  leaf: Leaf;
  /** Whose clients it takes. */
  ca: string;
  pair: () => SigningPair;
  now: () => Date;
  listener: RequestListener;
} & Pick<TlsOptions, 'minVersion' | 'maxVersion' | 'ciphers'>): Promise<TlsPlatform> => {
  const tls = { ca, requestCert: true, rejectUnauthorized: true, ...options };
  const server = createServer({ ...leaf, ...tls }, signing(pair, now, listener));
  server.on('secureConnection', (socket: TLSSocket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    show: (next) => server.setSecureContext({ ...next, ...tls }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

/** Somebody who speaks TLS and no more, and counts what is said once the handshake is over. */
export const startListener = async (leaf: Leaf): Promise<{ url: string; bytes(): number; close(): void }> => {
  let bytes = 0;
  const server = createTlsServer(leaf, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    });
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => bytes,
    close: () => void server.close(),
  };
};

export type Folder = {
  files: TrustFiles;
  /** In place, as a tool that knows no better would. */
  write(name: keyof TrustFiles, content: string): void;
  /** As a tool that knows better would. */
  replace(name: keyof TrustFiles, content: string): void;
  remove(): void;
};

export const createFolder = (contents: Record<keyof TrustFiles, string>): Folder => {
  const directory = mkdtempSync(join(tmpdir(), 'trust-'));
  const path = (name: string): string => join(directory, name);
  const write = (name: keyof TrustFiles, content: string): void => writeFileSync(path(name), content, { mode: 0o600 });
  for (const [name, content] of Object.entries(contents)) write(name as keyof TrustFiles, content);
  return {
    files: Object.fromEntries(Object.keys(contents).map((name) => [name, path(name)])) as unknown as TrustFiles,
    write,
    replace: (name, content) => {
      writeFileSync(path(`${name}.new`), content, { mode: 0o600 });
      renameSync(path(`${name}.new`), path(name));
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
};

export const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
export const keySetOf = (...pairs: SigningPair[]): string =>
  JSON.stringify({
    keys: pairs.map(({ kid, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      use: 'sig',
      alg: 'ES256',
    })),
  });
