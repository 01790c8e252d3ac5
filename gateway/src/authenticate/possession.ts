/**
 * Is the token with whom it was given to? A token that names a key or a certificate (`cnf`) is good only with a proof by
 * that key, or on a connection with that certificate: whoever merely read it can do nothing with it.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import type { Log } from '@house/kernel/telemetry';
import type { OperationStep } from '../execute/execute.ts';
import { refuseOperation } from '../refusal.ts';
import { hasCertificate } from './client-certificate.ts';
import { createNonces, type NonceKeys } from './dpop-nonce.ts';
import { createVerifyProof, type Proof } from './dpop-proof.ts';
import { type DpopError, dpopChallenge, type Reason, type Refusals } from './refusals.ts';
import { targetOf } from './target-uri.ts';
import type { UsedProofs } from './used-proofs.ts';
import type { VerifiedToken } from './verify-token.ts';

export type DpopOptions = {
  /**
   * - `off`: no proof is asked for or looked at. A token that is bound to a key is then as good as any other, in either
   *   scheme: for a closed network only, and never in production.
   * - `optional`: a token that is bound to a key comes with a proof; others come as bearer tokens.
   * - `required`: a mutation needs a token that is bound, and a proof with a nonce of ours comes with every such token.
   */
  readonly mode: 'off' | 'optional' | 'required';
  /**
   * The addresses of the endpoint as clients know it, normalized. Left out: whatever name a request asks for, under the
   * listener's scheme; then a proof made for another server that leads here would be taken.
   */
  readonly publicUrls?: readonly string[] | undefined;
  /** Shared by all gateways. */
  readonly nonceKeys: NonceKeys;
};

/** What has shown that a request comes from whom its token was given to. */
export type Possession = { readonly by: 'proof'; readonly proof: Proof } | { readonly by: 'certificate' };

/** A request with a token that is good in itself. */
type Holder = {
  readonly incoming: IncomingMessage;
  readonly scheme: 'bearer' | 'dpop';
  readonly token: string;
  readonly verified: VerifiedToken;
};

export type CheckPossession = {
  /** Headers of every answer to this request, whatever it will be. */
  headersFor(incoming: IncomingMessage): Readonly<Record<string, string>>;
  /** Of a token that is not good, under either scheme. */
  readonly isDpopKnown: boolean;
  refuse(reason: Reason, error: DpopError): ReturnType<Refusals['request']>;
  /** @returns undefined for a token that is bound to nothing. @throws HttpRefusal `UNAUTHENTICATED`. */
  check(holder: Holder): Possession | undefined;
  /**
   * A mutation uses its proof up, all that are in one document the same one. Where none is required, one that came by
   * another way passes.
   */
  readonly spend: OperationStep;
};

export const createPossession = ({
  dpop: { mode, publicUrls, nonceKeys },
  usedProofs,
  refusals,
  clock,
  log,
}: {
  dpop: DpopOptions;
  usedProofs: UsedProofs;
  refusals: Refusals;
  clock: Clock;
  log: Log;
}): CheckPossession => {
  const nonces = createNonces({ keys: nonceKeys, clock });
  const verifyProof = createVerifyProof({ nonces, isNonceNeeded: mode === 'required', clock });
  const isDpopKnown = mode !== 'off';
  const challenge = (error: DpopError) => dpopChallenge(error, nonces.current());
  const refuse = (reason: Reason, error: DpopError) => refusals.request(reason, challenge(error));

  const proofOf = ({ incoming, token }: Holder, boundToKey: string): Proof => {
    const verdict = verifyProof({
      proofs: incoming.headersDistinct['dpop'] ?? [],
      method: incoming.method ?? '',
      targets: publicUrls ?? [targetOf(incoming) ?? ''],
      accessToken: token,
      boundToKey,
    });
    if (verdict === 'proof') throw refuse('proof', 'invalid_dpop_proof');
    if (verdict === 'nonce') throw refuse('nonce', 'use_dpop_nonce');
    return verdict;
  };

  const check = (holder: Holder): Possession | undefined => {
    const { incoming, scheme, verified } = holder;
    const { boundToKey, boundToCertificate } = verified;
    if (boundToCertificate !== undefined && !hasCertificate(incoming, boundToCertificate))
      throw refusals.request('certificate', { 'www-authenticate': 'Bearer error="invalid_token"' });
    const certified: Possession | undefined = boundToCertificate === undefined ? undefined : { by: 'certificate' };
    if (!isDpopKnown) return certified;
    if (boundToKey === undefined) {
      if (scheme === 'dpop') throw refuse('token-not-bound', 'invalid_token');
      return certified;
    }
    if (scheme !== 'dpop') throw refuse('token-without-its-proof', 'invalid_token');
    return { by: 'proof', proof: proofOf(holder, boundToKey) };
  };

  const spend: OperationStep = async ({ definition, possession, traceId }) => {
    if (definition.operation !== 'mutation') {
      if (possession?.by === 'proof') usedProofs.note(possession.proof);
      return [];
    }
    if (possession?.by === 'proof') {
      try {
        if (await usedProofs.use(possession.proof)) return [];
      } catch (error) {
        // Fail closed: a proof of which nobody can tell whether it was used has no effect.
        log.error('used-proofs-not-asked', { traceId, error });
        return [refuseOperation(new HouseError('SERVICE_UNAVAILABLE'))];
      }
      return [refusals.operation('proof-used-before', challenge('invalid_dpop_proof'))];
    }
    if (possession || mode !== 'required') return [];
    return [refusals.operation('mutation-without-proof', challenge('invalid_token'))];
  };

  return {
    headersFor: ({ headers }) =>
      isDpopKnown && headers['dpop'] !== undefined ? { 'dpop-nonce': nonces.current() } : {},
    isDpopKnown,
    refuse,
    check,
    spend,
  };
};
