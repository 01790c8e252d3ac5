/**
 * Idempotency keys of v2 (§5.2): a key is one request of one client. Kept for seven days.
 *
 * A request that was refused does not use its key up: nothing happened, and the client may mend it and try again.
 */
import type { Clock } from '@house/kernel/clock';
import type { Keep } from '../state/records.ts';
import type { Operation } from './operations.ts';

const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** What a repeat is answered with: the promise in its present state, or the same answer again. */
export type Replay =
  | { operationId: string }
  | { answer: { status: number; headers: Readonly<Record<string, string>>; body: unknown } };
/** One whose request was answered at once. */
export type KeptKey = { clientId: string; key: string; fingerprint: string; since: number; replay: Replay };

type Entry = { fingerprint: string; since: number; replay: Replay | undefined };

export type Claim =
  /** Nobody has used the key: the caller is to say how it ended, once. */
  | { state: 'new'; keep(replay: Replay): void; release(): void }
  | { state: 'in-progress' }
  | { state: 'reused' }
  | { state: 'repeat'; replay: Replay };

export type IdempotencyKeys = {
  claim(clientId: string, key: string, fingerprint: string): Claim;
  /** Of a request that was answered before the process began. */
  restore(kept: KeptKey): void;
  /** The same of a promise: it is kept with its key. */
  restorePromise(operation: Operation): void;
};

export const createIdempotencyKeys = ({ clock, keep }: { clock: Clock; keep: Keep }): IdempotencyKeys => {
  /** Oldest first. */
  const entries = new Map<string, Entry>();
  const nameOf = (clientId: string, key: string) => `${clientId} ${key}`;
  const forget = (now: number) => {
    for (const [name, { since }] of entries) {
      if (since > now - KEPT_MS) return;
      entries.delete(name);
    }
  };
  const restore = ({ clientId, key, ...entry }: KeptKey): void => void entries.set(nameOf(clientId, key), entry);
  return {
    claim(clientId, key, fingerprint) {
      const now = clock().getTime();
      forget(now);
      const name = nameOf(clientId, key);
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
          if ('answer' in replay) keep({ is: 'key', key: { clientId, key, fingerprint, since: now, replay } });
        },
        release: () => void entries.delete(name),
      };
    },
    restore,
    restorePromise({ id, clientId, key, fingerprint, createdAt }) {
      if (fingerprint === null) return;
      restore({ clientId, key, fingerprint, since: Date.parse(createdAt), replay: { operationId: id } });
    },
  };
};
