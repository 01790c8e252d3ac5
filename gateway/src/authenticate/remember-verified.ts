import { createHash } from 'node:crypto';
import { type Clock, later } from '@house/kernel/clock';
import type { VerifiedToken, VerifyToken } from './verify-token.ts';

/** A key that the issuer withdraws stops working within this time. */
const KEPT_MS = 60_000;
const TOKENS_KEPT = 10_000;

/**
 * Verifies a token once a minute instead of on every request. Only tokens that were accepted are remembered, by their
 * hash, never longer than they live; past `tokensKept` the oldest is forgotten.
 */
export const rememberVerified = ({
  verify,
  clock,
  tokensKept = TOKENS_KEPT,
}: {
  verify: VerifyToken;
  clock: Clock;
  tokensKept?: number;
}): VerifyToken => {
  const known = new Map<string, { verified: VerifiedToken; until: Date }>();
  return async (token) => {
    const hash = createHash('sha256').update(token).digest('base64');
    const now = clock();
    const remembered = known.get(hash);
    if (remembered && now < remembered.until) return remembered.verified;
    known.delete(hash);
    const verified = await verify(token);
    if (!verified) return undefined;
    const { expiresAt } = verified.principal;
    const keptUntil = later(now, KEPT_MS);
    const [oldest] = known.keys();
    if (known.size >= tokensKept && oldest !== undefined) known.delete(oldest);
    known.set(hash, { verified, until: expiresAt < keptUntil ? expiresAt : keptUntil });
    return verified;
  };
};
