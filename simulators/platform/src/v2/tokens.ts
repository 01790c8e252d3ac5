/**
 * Access tokens of v2: client credentials proved by `private_key_jwt` (RFC 7523, ES256), five minutes, with scopes, bound
 * to the certificate of the connection that they were asked for on (RFC 8705 §3).
 *
 * They outlive a reset of the world: who may call is not part of it.
 */
import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import jwt, { type JwtPayload, type VerifyOptions } from 'jsonwebtoken';
import type { Answer } from '../exchange.ts';
import { createSecret } from '../ids.ts';

const TOKEN_SECONDS = 300;
/** How far away an assertion's `exp` may be, with a little for clocks that differ. */
const ASSERTION_SECONDS = 60 + 5;

const SCOPES = [
  'sites.read',
  'access.open',
  'passes.write',
  'vehicles.write',
  'faces.write',
  'faces.erase',
  'events.read',
  'meters.read',
  'meters.write',
  'emergency.write',
] as const;

export type V2Client = {
  clientId: string;
  /** Proves the client to the token endpoint and signs its requests. */
  publicJwk: JsonWebKey;
  /** Of the same worth, while the client changes its key. */
  furtherJwks?: readonly JsonWebKey[];
};
export const publicJwksOf = ({ publicJwk, furtherJwks = [] }: V2Client): readonly JsonWebKey[] => [
  publicJwk,
  ...furtherJwks,
];
/** Who sent the request: by its signature, and by the certificate of its connection. */
export type Sender = { clientId: string; certificate: string };
export type Bearer = { clientId: string; scopes: ReadonlySet<string> };

export type Tokens = {
  /** `audiences`: the names by which this platform may be meant. */
  issue(form: Readonly<Record<string, unknown>>, audiences: readonly string[], sender: Sender): Answer;
  /** The living token of an `Authorization` header, if it was issued to this sender (RFC 8705 §3). */
  bearer(authorization: string | undefined, sender: Sender): Bearer | undefined;
};

const refused = (status: number, error: string, description: string): Answer => ({
  status,
  headers: { 'Cache-Control': 'no-store' },
  body: { error, error_description: description },
});

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

const verifyWithAny = (assertion: string, keys: readonly KeyObject[], options: VerifyOptions): JwtPayload | string => {
  let failure: unknown = new Error('no key');
  for (const key of keys)
    try {
      return jwt.verify(assertion, key, { ...options, complete: false });
    } catch (error) {
      failure = error;
    }
  throw failure;
};

export const createTokens = (deps: { clock: Clock; clients: readonly V2Client[] }): Tokens => {
  const { clock } = deps;
  const keys = new Map<string, readonly KeyObject[]>(
    deps.clients.map((client) => [
      client.clientId,
      publicJwksOf(client).map((key) => createPublicKey({ key, format: 'jwk' })),
    ]),
  );
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const living = new Map<string, Bearer & { certificate: string; expiresAtSeconds: number }>();
  /** Assertions that were used, until they would be refused anyway. */
  const used = new Map<string, number>();

  const forget = (now: number) => {
    for (const [token, { expiresAtSeconds }] of living) if (expiresAtSeconds <= now) living.delete(token);
    for (const [jti, until] of used) if (until < now) used.delete(jti);
  };

  /** The client that proved itself, or what is wrong. */
  const prove = (assertion: string, audiences: readonly string[], now: number): { clientId: string } | string => {
    const claimed = jwt.decode(assertion);
    const clientId = typeof claimed === 'object' ? claimed?.sub : undefined;
    const known = clientId === undefined ? undefined : keys.get(clientId);
    if (clientId === undefined || !known) return 'The client is not known.';
    const [first, ...others] = audiences;
    if (first === undefined) return 'The platform has no name.';
    try {
      const claims = verifyWithAny(assertion, known, {
        algorithms: ['ES256'],
        issuer: clientId,
        subject: clientId,
        audience: [first, ...others],
        clockTimestamp: now,
      });
      if (typeof claims === 'string' || claims.exp === undefined) return 'The assertion has no exp.';
      if (claims.exp > now + ASSERTION_SECONDS) return 'The assertion lives too long.';
      if (!claims.jti) return 'The assertion has no jti.';
      const name = `${clientId} ${claims.jti}`;
      if (used.has(name)) return 'The assertion was used before.';
      used.set(name, claims.exp);
      return { clientId };
    } catch (error) {
      return `The assertion is not valid: ${error instanceof Error ? error.message : 'unknown'}.`;
    }
  };

  const grant = ({ clientId, certificate }: Sender, scopes: readonly string[], now: number): Answer => {
    const scope = scopes.join(' ');
    const token = jwt.sign(
      {
        client_id: clientId,
        scope,
        iat: now,
        exp: now + TOKEN_SECONDS,
        jti: createSecret(),
        cnf: { 'x5t#S256': certificate },
      },
      signing,
      {
        algorithm: 'ES256',
        subject: clientId,
      },
    );
    living.set(token, { clientId, certificate, scopes: new Set(scopes), expiresAtSeconds: now + TOKEN_SECONDS });
    return {
      status: 200,
      headers: { 'Cache-Control': 'no-store' },
      body: { access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS, scope },
    };
  };

  return {
    issue(form, audiences, sender) {
      const now = seconds(clock());
      forget(now);
      const proved = prove(String(form.client_assertion), audiences, now);
      if (typeof proved === 'string') return refused(401, 'invalid_client', proved);
      if (proved.clientId !== sender.clientId)
        return refused(401, 'invalid_client', 'The assertion is of another client than the signature.');
      if (form.client_id !== undefined && form.client_id !== proved.clientId)
        return refused(401, 'invalid_client', 'client_id is not the client of the assertion.');
      const wanted = form.scope === undefined ? SCOPES : String(form.scope).split(' ');
      const known: readonly string[] = SCOPES;
      if (wanted.some((scope) => !known.includes(scope)))
        return refused(400, 'invalid_scope', 'One of the scopes is not known.');
      return grant(sender, wanted, now);
    },
    bearer(authorization, sender) {
      const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
      const found = token === undefined ? undefined : living.get(token);
      const own = found?.clientId === sender.clientId && found.certificate === sender.certificate;
      return found && own && found.expiresAtSeconds > seconds(clock()) ? found : undefined;
    },
  };
};
