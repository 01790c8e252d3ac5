/**
 * An OAuth 2.0 / OpenID Connect authorization server for development and tests, on loopback over plain HTTP.
 *
 * It signs in the seeded people without a password and is therefore never deployed; a production house names its
 * own issuer. Tokens are as contract/run.md states them; with `directory` its keys outlive the process.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSignToken, type SignToken } from './access-token.ts';
import { loadKeys } from './keys.ts';
import { createMemoryStore } from './memory-store.ts';
import { createPeople, type Person } from './people.ts';
import { createProvider, type Machine } from './provider.ts';
import { createSignIn } from './sign-in.ts';

/** How long `close` lets a started answer finish. */
const DRAIN_MS = 1000;

export type AuthorizationServerOptions = {
  /** The `aud` of every access token. */
  audience: string;
  /** Stamps `iat`, `exp` and `auth_time`; the machine's clock when absent. */
  clock?: () => Date;
  /** Where the signing keys are kept; in memory when absent. */
  directory?: string;
  /** The seeded world when absent. */
  people?: readonly Person[];
  machines?: readonly Machine[];
  log?: { error(event: string, fields: Record<string, unknown>): void };
};
export type AuthorizationServer = {
  /** Port 0 takes a free one. */
  listen(port: number): Promise<{ issuer: string }>;
  close(): Promise<void>;
  /** For tests only: see `createSignToken`. */
  signToken: SignToken;
};

export const createAuthorizationServer = (options: AuthorizationServerOptions): AuthorizationServer => {
  const { audience, clock, log } = options;
  const keys = loadKeys(options.directory);
  const people = createPeople(options.people);
  const store = createMemoryStore();
  const signIn = createSignIn({ people, clock });
  let server: Server | undefined;

  const failed = (reason: unknown) =>
    log?.error('authorization-server-failed', { reason: reason instanceof Error ? reason.message : String(reason) });

  const serve = (port: number): ((request: IncomingMessage, response: ServerResponse) => void) => {
    const issuer = `http://127.0.0.1:${port}`;
    const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
    const provider = createProvider({ issuer, audience, keys, people, machines: options.machines ?? [], store, clock });
    provider.on('server_error', (_ctx, error) => failed(error));
    const rest = provider.callback();
    return (request, response) => {
      // Without this, a page that rebinds its own name to loopback could sign in as anybody.
      if (!hosts.has(request.headers.host ?? '')) response.writeHead(421).end();
      else if (!request.url?.startsWith('/interaction/')) void rest(request, response);
      else {
        signIn(provider, request, response).catch((error: unknown) => {
          const expired = error instanceof Error && error.name === 'SessionNotFound';
          if (!expired) failed(error);
          if (!response.headersSent) response.writeHead(expired ? 400 : 500, { 'content-type': 'text/plain' });
          response.end(expired ? 'This sign-in is over: start again from the app.\n' : 'The sign-in failed.\n');
        });
      }
    };
  };

  return {
    signToken: createSignToken(keys),
    async listen(port) {
      if (server) throw new Error('the authorization server listens already');
      const listening = createServer();
      server = listening;
      await new Promise<void>((resolve, reject) => {
        listening.once('error', reject);
        listening.listen(port, '127.0.0.1', resolve);
      }).catch((error: unknown) => {
        server = undefined;
        throw error;
      });
      const bound = (listening.address() as AddressInfo).port;
      listening.on('request', serve(bound));
      return { issuer: `http://127.0.0.1:${bound}` };
    },
    async close() {
      store.clear();
      const closing = server;
      server = undefined;
      if (!closing) return;
      const late = setTimeout(() => closing.closeAllConnections(), DRAIN_MS);
      await new Promise<void>((resolve) => {
        closing.close(() => resolve());
        closing.closeIdleConnections();
      });
      clearTimeout(late);
    },
  };
};
