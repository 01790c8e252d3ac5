/**
 * Whether a request of v2 is the one that its client sent, and sent for the first time: `Content-Digest` (RFC 9530) and
 * one signature (RFC 9421) over exactly the components of contract §5.8.
 *
 * The library is asked for the signature base and the signature alone. What must be covered is decided here, since it
 * takes a component with parameters for the one without, and counts time by the machine's clock.
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import { createVerifier, httpbis, type SignatureParameters, type Verifier } from 'http-message-signatures';
import type { Received } from '../exchange.ts';
import {
  ALGORITHM,
  authorityOf,
  coveredIn,
  messageOf,
  REQUEST_PARAMETERS,
  type SentRequest,
  targetComponent,
} from './components.ts';
import { contentDigestMatches } from './content-digest.ts';
import { createNonces } from './nonces.ts';

const MAX_AGE_MS = 60_000;
/** How far a client's clock may be ahead of ours. */
const AHEAD_MS = 5_000;
const NONCE_LENGTH = 128;

/** A client, and the keys that it has registered: several while it changes from one to another. */
export type SigningClient = { clientId: string; publicJwks: readonly JsonWebKey[] };

/** `reason` names the rule, never what was sent. */
export type Verdict = { valid: true; clientId: string } | { valid: false; reason: string };

export type RequestVerifier = (received: Received) => Promise<Verdict>;

class Refused extends Error {}
const refuse = (reason: string): never => {
  throw new Refused(reason);
};

const sentRequestOf = ({ method, authority, path, search, headers }: Received): SentRequest => ({
  method,
  authority,
  path,
  search,
  headers,
});

const sameMembers = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.toSorted().join(' ') === other.toSorted().join(' ');

/** Any of the client's keys: `keyid` names the client, not one of them. */
const verifierOf = (jwks: readonly JsonWebKey[]): Verifier => {
  const verifiers = jwks.map((key) => createVerifier(createPublicKey({ key, format: 'jwk' }), ALGORITHM));
  return async (data, signature) => {
    for (const verify of verifiers) if (await verify(data, signature)) return true;
    return false;
  };
};

/** The parameters that count, when they are of their types. */
const parametersOf = ({ created, nonce, keyid, alg, expires }: SignatureParameters) => {
  const createdMs = created instanceof Date ? created.getTime() : Number.NaN;
  if (!Number.isFinite(createdMs)) return refuse('created must be a time');
  if (typeof nonce !== 'string' || nonce === '' || nonce.length > NONCE_LENGTH)
    return refuse('nonce must have 1 to 128 characters');
  if (typeof keyid !== 'string') return refuse('keyid must be there');
  if (alg !== ALGORITHM) return refuse(`alg must be ${ALGORITHM}`);
  const expiresMs = expires === undefined ? Number.POSITIVE_INFINITY : Number(expires) * 1000;
  return { createdMs, nonce, keyid, expiresMs };
};

export const createRequestVerifier = (deps: {
  clock: Clock;
  clients: readonly SigningClient[];
  /** The `host:port` by which this platform may be called. */
  authorities: () => readonly string[];
}): RequestVerifier => {
  const { clock, authorities } = deps;
  const verifiers = new Map(deps.clients.map(({ clientId, publicJwks }) => [clientId, verifierOf(publicJwks)]));
  const nonces = createNonces({ clock });
  /** What was signed before it can't be told from what the process before has seen. A signature counts whole seconds. */
  const sinceMs = Math.floor(clock().getTime() / 1000) * 1000;

  const requireFresh = ({ createdMs, expiresMs }: { createdMs: number; expiresMs: number }): void => {
    const now = clock().getTime();
    if (createdMs < now - MAX_AGE_MS) refuse('created must be at most 60 seconds ago');
    if (createdMs > now + AHEAD_MS) refuse('created must not be in the future');
    if (createdMs < sinceMs) refuse('created must not be before the platform began');
    if (!(expiresMs > now)) refuse('expires must not have passed');
  };

  const verify = async (received: Received): Promise<string> => {
    const request = sentRequestOf(received);
    if (!contentDigestMatches(request.headers['content-digest'], received.raw))
      refuse('Content-Digest must be that of the body');
    if (!authorities().map(authorityOf).includes(authorityOf(request.authority))) refuse('Host must be this platform');
    const covered: string[] = [];
    const signers: ReturnType<typeof parametersOf>[] = [];
    const valid = await httpbis.verifyMessage(
      {
        all: true,
        requiredParams: [...REQUEST_PARAMETERS],
        notAfter: Number.MAX_SAFE_INTEGER,
        async keyLookup(given) {
          const parameters = parametersOf(given);
          requireFresh(parameters);
          signers.push(parameters);
          const key = verifiers.get(parameters.keyid) ?? refuse('keyid must be that of a registered client');
          return { id: parameters.keyid, algs: [ALGORITHM], verify: key };
        },
        componentParser(name, parameters) {
          if (parameters.size > 0) refuse('a covered component must have no parameters');
          covered.push(name);
          const value = targetComponent(name, request);
          return value === undefined ? null : [value];
        },
      },
      messageOf(request),
    );
    const [signer, ...others] = signers;
    if (!signer || others.length > 0) return refuse('there must be one signature');
    if (!sameMembers(covered, coveredIn(request.headers))) refuse('the signature must cover what §5.8 lists');
    if (valid !== true) refuse('the signature must verify');
    // Only now: nobody else can spend a client's nonces, or our memory.
    const until = new Date(Math.max(clock().getTime(), signer.createdMs) + MAX_AGE_MS);
    if (!nonces.use(`${signer.keyid} ${signer.nonce}`, until)) refuse('nonce must be new');
    return signer.keyid;
  };

  return async (received) => {
    try {
      return { valid: true, clientId: await verify(received) };
    } catch (error) {
      return { valid: false, reason: error instanceof Refused ? error.message : 'the signature must be readable' };
    }
  };
};
