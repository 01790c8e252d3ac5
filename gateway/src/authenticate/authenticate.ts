/** Who are you? An access token or an API key in, a principal out; the same refusal for every fault. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import { HouseError } from '@house/kernel/errors';
import type { Principal } from '@house/kernel/principal';
import type { Telemetry } from '@house/kernel/telemetry';
import type { OperationStep } from '../execute/execute.ts';
import { HttpRefusal } from '../refusal.ts';
import type { RequestStep } from '../request-path.ts';
import { readAccessReason } from './access-reason.ts';
import { createIdentifyByApiKey } from './api-key-request.ts';
import type { Proof } from './dpop-proof.ts';
import type { Keys } from './keys.ts';
import { createPossession, type DpopOptions, type Possession } from './possession.ts';
import { bearerChallenge, createRefusals } from './refusals.ts';
import { rememberVerified } from './remember-verified.ts';
import { createUsedProofs } from './used-proofs.ts';
import type { ApiKeyOptions } from './verify-api-key.ts';
import { createVerifyToken } from './verify-token.ts';

export type Authentication = {
  /** @throws HttpRefusal `UNAUTHENTICATED`, or `SERVICE_UNAVAILABLE` while no token, or no key, can be verified. */
  readonly identify: RequestStep;
  /** Uses up the proof that a mutation came with. */
  readonly spendProof: OperationStep;
  /** Call it when a request has been answered, whatever it was answered. */
  ended(incoming: IncomingMessage): void;
  /** Call it when no request is under way, before the database is closed. */
  settled(): Promise<void>;
};

/** A token bound to a key comes under the scheme `DPoP` (RFC 9449 §7.1). */
const CREDENTIALS = /^(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i;

/** undefined when there is none, more than one, or another kind of credentials. */
const credentialsOf = ({ headersDistinct }: IncomingMessage) => {
  const [authorization = '', ...others] = headersDistinct['authorization'] ?? [];
  const [, scheme, token] = CREDENTIALS.exec(authorization) ?? [];
  if (scheme === undefined || token === undefined || others.length > 0) return undefined;
  return { scheme: scheme.toLowerCase() === 'dpop' ? ('dpop' as const) : ('bearer' as const), token };
};

export const createAuthentication = ({
  keys,
  issuer,
  audience,
  dpop,
  apiKeys,
  database,
  clock,
  telemetry: { log, registry },
}: {
  keys: Keys;
  issuer: string;
  audience: string;
  dpop: DpopOptions;
  /** Left out: no API key is taken. */
  apiKeys?: ApiKeyOptions | undefined;
  database: Database;
  clock: Clock;
  telemetry: Telemetry;
}): Authentication => {
  const verify = rememberVerified({ verify: createVerifyToken({ keys, issuer, audience, clock }), clock });
  const refusals = createRefusals(registry);
  const usedProofs = createUsedProofs({ database, clock, log });
  const possession = createPossession({ dpop, usedProofs, refusals, clock, log });
  const { isDpopKnown } = possession;

  const clients = createIdentifyByApiKey({
    apiKeys,
    challenge: bearerChallenge({ wasGiven: false, isDpopKnown }),
    database,
    refusals,
    clock,
    log,
  });

  const identifyByToken = async (
    incoming: IncomingMessage,
  ): Promise<{ principal: Principal; possession?: Possession | undefined }> => {
    const credentials = credentialsOf(incoming);
    if (!credentials) {
      const wasGiven = incoming.headers.authorization !== undefined;
      throw refusals.request(wasGiven ? 'token' : 'no-token', bearerChallenge({ wasGiven, isDpopKnown }));
    }
    const { scheme, token } = credentials;
    const verified = await verify(token).catch((cause: unknown) => {
      throw cause instanceof HouseError ? new HttpRefusal(cause.code, { cause }) : cause;
    });
    if (!verified)
      throw scheme === 'dpop' && isDpopKnown
        ? possession.refuse('token', 'invalid_token')
        : refusals.request('token', bearerChallenge({ wasGiven: true, isDpopKnown }));
    return {
      principal: verified.principal,
      possession: possession.check({ incoming, scheme, token, verified }),
    };
  };

  const proofs = new WeakMap<IncomingMessage, Proof>();

  const identify: RequestStep = async (exchange) => {
    const { incoming } = exchange;
    for (const [name, value] of Object.entries(possession.headersFor(incoming))) exchange.setHeader(name, value);
    const { principal, possession: shown } = (await clients.identify(incoming)) ?? (await identifyByToken(incoming));
    if (shown?.by === 'proof') proofs.set(incoming, shown.proof);
    const reason = readAccessReason(headerOf(incoming.headers['access-reason']));
    return {
      ...exchange,
      principal: reason === undefined ? principal : { ...principal, reason },
      ...(shown && { possession: shown }),
    };
  };

  return {
    identify,
    spendProof: possession.spend,
    // Of a request that was refused before anybody knew whether it changes something, too.
    ended: (incoming) => {
      const proof = proofs.get(incoming);
      if (proof) usedProofs.note(proof);
    },
    settled: async () => {
      await Promise.all([usedProofs.settled(), clients.settled()]);
    },
  };
};

const headerOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(' ') : value;

export { watchPeppers } from './api-key-peppers.ts';
export { namedByApiKey } from './api-key-text.ts';
export { watchNonceKeys } from './dpop-nonce.ts';
export { parseKeyLines } from './key-lines.ts';
export { createKeys, type Fetch } from './keys.ts';

export type { DpopOptions, Possession } from './possession.ts';
export { normalizeTarget } from './target-uri.ts';
export type { ApiKeyOptions } from './verify-api-key.ts';
