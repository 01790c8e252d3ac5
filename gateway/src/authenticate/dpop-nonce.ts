/**
 * Nonces for proofs (RFC 9449 §8, §9): they limit how long before its use a proof may have been made. Nothing is stored:
 * a nonce is the HMAC of a window of time, so that every gateway with the same keys knows the others' nonces.
 */
import { createHmac } from 'node:crypto';
import { type Clock, later } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import { type KeyLines, watchKeyLines } from './key-lines.ts';

/** At least 32 bytes each: the first makes nonces, every one is accepted. */
export type NonceKeys = () => KeyLines;

export type Nonces = {
  /** The one to use now: good for at least one window, and for two at most. */
  current(): string;
  isGood(nonce: string): boolean;
};

const WINDOW_MS = 120_000;
/** Another gateway's clock may be ahead. */
const SKEW_MS = 5_000;

export const createNonces = ({ keys, clock }: { keys: NonceKeys; clock: Clock }): Nonces => {
  const nonceOf = (key: Uint8Array, at: Date): string =>
    createHmac('sha256', key)
      .update(`dpop-nonce ${Math.floor(at.getTime() / WINDOW_MS)}`)
      .digest('base64url');
  return {
    current: () => nonceOf(keys()[0], clock()),
    // Not compared in constant time: whoever asks is told the nonce.
    isGood: (nonce) =>
      [0, -WINDOW_MS, SKEW_MS].some((ms) => keys().some((key) => nonceOf(key, later(clock(), ms)) === nonce)),
  };
};

/** Of a file (`key-lines.ts`). @throws when it cannot be used at the start. */
export const watchNonceKeys = ({ file, clock, log }: { file: string; clock: Clock; log: Log }): NonceKeys => {
  const watched = watchKeyLines({ name: 'nonce-keys', file, make: (keys) => keys, clock, log });
  return () => watched();
};
