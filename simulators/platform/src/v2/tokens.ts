/**
 * Access tokens of v2: client credentials proved by `private_key_jwt` (RFC 7523, ES256), five minutes, with scopes.
 *
 * They outlive a reset of the world: who may call is not part of it.
 */
import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import jwt from 'jsonwebtoken';
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

export type V2Client = { clientId: string; publicJwk: JsonWebKey };
export type Bearer = { clientId: string; scopes: ReadonlySet<string> };

export type Tokens = {
  /** `audiences`: the names by which this platform may be meant. */
  issue(form: Readonly<Record<string, unknown>>, audiences: readonly string[]): Answer;
  /** The living token of an `Authorization` header. */
  bearer(authorization: string | undefined): Bearer | undefined;
};

const refused = (status: number, error: string, description: string): Answer => ({
  status,
  headers: { 'Cache-Control': 'no-store' },
  body: { error, error_description: description },
});

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

export const createTokens = (deps: { clock: Clock; clients: readonly V2Client[] }): Tokens => {
  const { clock } = deps;
  const keys = new Map<string, KeyObject>(
    deps.clients.map(({ clientId, publicJwk }) => [clientId, createPublicKey({ key: publicJwk, format: 'jwk' })]),
  );
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const living = new Map<string, Bearer & { expiresAtSeconds: number }>();
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
    const key = clientId === undefined ? undefined : keys.get(clientId);
    if (clientId === undefined || !key) return 'The client is not known.';
    const [first, ...others] = audiences;
    if (first === undefined) return 'The platform has no name.';
    try {
      const claims = jwt.verify(assertion, key, {
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

  const grant = (clientId: string, scopes: readonly string[], now: number): Answer => {
    const scope = scopes.join(' ');
    const token = jwt.sign(
      { client_id: clientId, scope, iat: now, exp: now + TOKEN_SECONDS, jti: createSecret() },
      signing,
      {
        algorithm: 'ES256',
        subject: clientId,
      },
    );
    living.set(token, { clientId, scopes: new Set(scopes), expiresAtSeconds: now + TOKEN_SECONDS });
    return {
      status: 200,
      headers: { 'Cache-Control': 'no-store' },
      body: { access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS, scope },
    };
  };

  return {
    issue(form, audiences) {
      const now = seconds(clock());
      forget(now);
      const proved = prove(String(form.client_assertion), audiences, now);
      if (typeof proved === 'string') return refused(401, 'invalid_client', proved);
      if (form.client_id !== undefined && form.client_id !== proved.clientId)
        return refused(401, 'invalid_client', 'client_id is not the client of the assertion.');
      const wanted = form.scope === undefined ? SCOPES : String(form.scope).split(' ');
      const known: readonly string[] = SCOPES;
      if (wanted.some((scope) => !known.includes(scope)))
        return refused(400, 'invalid_scope', 'One of the scopes is not known.');
      return grant(proved.clientId, wanted, now);
    },
    bearer(authorization) {
      const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
      const found = token === undefined ? undefined : living.get(token);
      return found && found.expiresAtSeconds > seconds(clock()) ? found : undefined;
    },
  };
};
