import { hash } from 'node:crypto';
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
  const known = new Map<string, { verified: VerifiedToken; since: Date; until: Date }>();
  return async (token) => {
    const digest = hash('sha256', token, 'base64');
    const now = clock();
    const remembered = known.get(digest);
    // A clock that was set back must not lengthen the minute.
    if (remembered && remembered.since <= now && now < remembered.until) return remembered.verified;
    known.delete(digest);
    const verified = await verify(token);
    if (!verified) return undefined;
    const { expiresAt } = verified.principal;
    const keptUntil = later(now, KEPT_MS);
    const [oldest] = known.keys();
    if (known.size >= tokensKept && oldest !== undefined) known.delete(oldest);
    known.set(digest, { verified, since: now, until: expiresAt < keptUntil ? expiresAt : keptUntil });
    return verified;
  };
};
