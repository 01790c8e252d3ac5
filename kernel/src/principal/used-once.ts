import type { Clock } from '../clock.ts';

/**
 * Remembers names for as long as they could be used again. It needs no bound: each name was signed by one of our services
 * and verified by us, which we do some thousand times a second at most.
 * @returns whether the name is used for the first time.
 */
export const createUsedOnce = ({ clock, rememberMs }: { clock: Clock; rememberMs: number }) => {
  /** When each can be forgotten, the oldest first. */
  const used = new Map<string, number>();
  return (name: string): boolean => {
    const now = clock().getTime();
    for (const [oldest, end] of used) {
      if (end > now) break;
      used.delete(oldest);
    }
    if (used.has(name)) return false;
    used.set(name, now + rememberMs);
    return true;
  };
};
