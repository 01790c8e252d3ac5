/** v1's quirks of §5.4, one by one; all are off by default. */

export const QUIRKS = [
  /** Every answer is 200 and a sentence for a person; nothing was done. */
  '200-text',
  /** Every answer is 200 with `code` 500 inside; nothing was done. */
  '200-code-500',
  /** A list without members is 404 instead of an envelope without `data`. */
  '404-as-empty',
  /** Ids are strings. */
  'integers-as-strings',
  /** The journal tells some events twice. */
  'duplicate-events',
  /** The picture of an event is there 5 s after the event. */
  'image-not-ready',
  /** Somebody else signs in with our client: the living token is dead from this moment. */
  'token-invalidation',
  /** More than 30 calls within a minute: an hour of 429 without a header. */
  'ban',
] as const;
export type Quirk = (typeof QUIRKS)[number];

export type Quirks = {
  set(quirk: Quirk, on: boolean): void;
  has(quirk: Quirk): boolean;
  list(): Readonly<Record<Quirk, boolean>>;
};

export const createQuirks = (): Quirks => {
  const on = new Set<Quirk>();
  return {
    set: (quirk, wanted) => void (wanted ? on.add(quirk) : on.delete(quirk)),
    has: (quirk) => on.has(quirk),
    list: () => Object.fromEntries(QUIRKS.map((quirk) => [quirk, on.has(quirk)])) as Record<Quirk, boolean>,
  };
};
