/** How somebody is refused who did not show who it is: one body for every reason; a challenge that says what to do. */

import { HouseError } from '@house/kernel/errors';
import type { GraphQLError } from 'graphql';
import { Counter, type Registry } from 'prom-client';
import { HttpRefusal, refuseOperation, withHeaders } from '../refusal.ts';

/** Counted, and told to nobody. None of them can carry a token or a key. */
const REASONS = [
  'no-token',
  'token',
  'token-not-bound',
  'token-without-its-proof',
  'proof',
  'nonce',
  'proof-used-before',
  'certificate',
  'mutation-without-proof',
  'api-key-not-taken',
  'api-key-ambiguous',
  'api-key-malformed',
  'api-key-unknown',
  'api-key-secret',
  'api-key-revoked',
  'api-key-expired',
  'api-key-network',
  'api-key-certificate',
] as const;
export type Reason = (typeof REASONS)[number];

export type DpopError = 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce';
type Headers = Readonly<Record<string, string>>;

export type Refusals = {
  /** Before the document is read. */
  request(reason: Reason, headers: Headers): HttpRefusal;
  /** Within an operation: the same answer, byte for byte. */
  operation(reason: Reason, headers: Headers): GraphQLError;
};

/** RFC 6750 §3.1: says whether a token was missing or not accepted, and no more. RFC 9449 §7.2: both schemes are named. */
export const bearerChallenge = ({ wasGiven, isDpopKnown }: { wasGiven: boolean; isDpopKnown: boolean }): Headers => ({
  'www-authenticate': `Bearer${wasGiven ? ' error="invalid_token"' : ''}${isDpopKnown ? ', DPoP algs="ES256"' : ''}`,
});

/** RFC 9449 §7.1, §9. */
export const dpopChallenge = (error: DpopError, nonce: string): Headers => ({
  'www-authenticate': `DPoP error="${error}", algs="ES256"`,
  'dpop-nonce': nonce,
});

export const createRefusals = (registry: Registry): Refusals => {
  const counter = new Counter({
    name: 'authentication_refusals_total',
    help: 'Requests refused because they did not show who asks.',
    labelNames: ['reason'],
    registers: [registry],
  });
  // A reason that has not been met yet is a zero, not a gap.
  for (const reason of REASONS) counter.inc({ reason }, 0);
  return {
    request: (reason, headers) => {
      counter.inc({ reason });
      return new HttpRefusal('UNAUTHENTICATED', { headers });
    },
    operation: (reason, headers) => {
      counter.inc({ reason });
      return withHeaders(refuseOperation(new HouseError('UNAUTHENTICATED')), headers);
    },
  };
};
