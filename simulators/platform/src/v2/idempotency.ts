/**
 * Idempotency keys of v2 (§5.2): a key is one request of one client. Kept for seven days.
 *
 * A request that was refused does not use its key up: nothing happened, and the client may mend it and try again.
 */
import type { Clock } from '@house/kernel/clock';
import type { Answer } from '../exchange.ts';

const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

type Entry = { fingerprint: string; since: number; replay: (() => Answer) | undefined };

export type Claim =
  /** Nobody has used the key: the caller is to say how it ended, once. */
  | { state: 'new'; keep(replay: () => Answer): void; release(): void }
  | { state: 'in-progress' }
  | { state: 'reused' }
  | { state: 'repeat'; replay: () => Answer };

export type IdempotencyKeys = { claim(clientId: string, key: string, fingerprint: string): Claim };

export const createIdempotencyKeys = ({ clock }: { clock: Clock }): IdempotencyKeys => {
  /** Oldest first. */
  const entries = new Map<string, Entry>();
  const forget = (now: number) => {
    for (const [name, { since }] of entries) {
      if (since > now - KEPT_MS) return;
      entries.delete(name);
    }
  };
  return {
    claim(clientId, key, fingerprint) {
      const now = clock().getTime();
      forget(now);
      const name = `${clientId} ${key}`;
      const known = entries.get(name);
      if (known) {
        if (known.fingerprint !== fingerprint) return { state: 'reused' };
        return known.replay ? { state: 'repeat', replay: known.replay } : { state: 'in-progress' };
      }
      const entry: Entry = { fingerprint, since: now, replay: undefined };
      entries.set(name, entry);
      return {
        state: 'new',
        keep(replay) {
          entry.replay = replay;
        },
        release: () => void entries.delete(name),
      };
    },
  };
};
