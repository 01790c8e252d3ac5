/** Nonces that were used, as long as the request that carried one would be taken (RFC 9421 §7.2.2). */
import type { Clock } from '@house/kernel/clock';

/** Four thousand requests a second for a minute; what comes beyond is refused, never forgotten. */
const LIMIT = 250_000;

export type Nonces = {
  /** False for one that was used before, or when no more can be remembered. */
  use(name: string, until: Date): boolean;
};

export const createNonces = ({ clock, limit = LIMIT }: { clock: Clock; limit?: number }): Nonces => {
  /** By the time of their use, which is nearly that of their end. */
  const used = new Map<string, number>();
  const forget = (now: number): void => {
    for (const [name, until] of used) {
      if (until >= now) return;
      used.delete(name);
    }
  };
  return {
    use(name, until) {
      forget(clock().getTime());
      if (used.has(name) || used.size >= limit) return false;
      used.set(name, until.getTime());
      return true;
    },
  };
};
