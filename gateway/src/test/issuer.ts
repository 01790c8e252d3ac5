/** An authorization server as far as the gateway sees one: discovery, keys, and tokens signed with them. Real HTTP. */
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@house/kernel/clock';
import jwt from 'jsonwebtoken';

export const AUDIENCE = 'tenant-smart-home-app';

type Key = {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: Record<string, unknown>;
};

export const createKey = (id: string): Key => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    id,
    privateKey,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: id, use: 'sig', alg: 'ES256' },
  };
};

export type TokenOptions = {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  key?: Key;
};

/** A good token of a resident, with `claims` and `header` laid over it; undefined takes one away. */
export const signToken = (
  issuer: string,
  key: Key,
  now: Date,
  { claims = {}, header = {} }: TokenOptions = {},
): string => {
  const iat = Math.floor(now.getTime() / 1_000);
  const payload = {
    iss: issuer,
    aud: AUDIENCE,
    sub: 'owner-a12',
    client_id: 'app',
    jti: randomUUID(),
    iat,
    exp: iat + 600,
    scope: 'premises:read vehicle:read vehicle:write access:read access:open',
    roles: ['resident'],
    ...claims,
  };
  const present = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
  return jwt.sign(JSON.stringify(present), key.privateKey, {
    algorithm: 'ES256',
    header: { alg: 'ES256', typ: 'at+jwt', kid: key.id, ...header },
  });
};

/** @param clock what the issuer takes for now. */
export const startIssuer = async (clock: Clock) => {
  const key = createKey('key-1');
  const state = { keys: [key.jwk], down: false, asked: 0 };
  const server = createServer((incoming, outgoing) => {
    state.asked += 1;
    const body =
      incoming.url === '/.well-known/openid-configuration'
        ? { issuer, jwks_uri: `${issuer}/jwks` }
        : { keys: state.keys };
    outgoing.writeHead(state.down ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    key,
    state,
    token: (options: TokenOptions = {}): string => signToken(issuer, options.key ?? key, clock(), options),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
