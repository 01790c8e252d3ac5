/** What was seen once must not come again. Kept in halves, so that forgetting costs nothing per nonce. */
export type Nonces = {
  /** Remembers it. @param now seconds. */
  isNew(nonce: string, now: number): boolean;
};

/** @param keepSeconds nothing that is seen again within this time is new. */
export const createNonces = ({ keepSeconds }: { keepSeconds: number }): Nonces => {
  let recent = new Set<string>();
  let former = new Set<string>();
  let begunAt = Number.NEGATIVE_INFINITY;
  return {
    isNew: (nonce, now) => {
      if (Math.abs(now - begunAt) > keepSeconds) {
        former = recent;
        recent = new Set();
        begunAt = now;
      }
      if (recent.has(nonce) || former.has(nonce)) return false;
      recent.add(nonce);
      return true;
    },
  };
};
