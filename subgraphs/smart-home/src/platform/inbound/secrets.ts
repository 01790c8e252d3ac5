/** The secrets in use, as far as this process knows them; another one may have rotated them a moment ago. */
import type { Clock } from '@house/kernel/clock';
import { keyOf } from './signature.ts';
import type { InboundStore } from './store.ts';

/** Read anew after this, for those that have run out. */
const FRESH_MS = 60_000;
/** Whoever forges must not make us read more often. */
const AGAIN_AFTER_MS = 100;

export type Key = { subscriptionId: string; key: Buffer };

export type Secrets = {
  /** @throws what the database throws, unless they are known from before. */
  current(): Promise<readonly Key[]>;
  /** Read anew, for a signature that none of the current ones has made; undefined when they were read just now. */
  again(): Promise<readonly Key[] | undefined>;
  /** They were changed by this process. */
  changed(): void;
};

export const createSecrets = ({ store, clock }: { store: Pick<InboundStore, 'secrets'>; clock: Clock }): Secrets => {
  let known: { keys: readonly (Key & { validUntil: Date | null })[]; at: number } | undefined;
  let reading: Promise<void> | undefined;

  const isYounger = (ageMs: number): boolean => known !== undefined && Math.abs(clock().getTime() - known.at) < ageMs;
  const read = (): Promise<void> => {
    reading ??= store
      .secrets()
      .then((secrets) => {
        const keys = secrets.map(({ key, ...secret }) => ({ ...secret, key: keyOf(key) }));
        known = { keys, at: clock().getTime() };
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const usable = (): readonly Key[] =>
    (known?.keys ?? []).filter(({ validUntil }) => validUntil === null || validUntil > clock());

  return {
    current: async () => {
      if (!isYounger(FRESH_MS))
        await read().catch((error: unknown) => {
          if (!known) throw error;
        });
      return usable();
    },
    again: async () => {
      if (isYounger(AGAIN_AFTER_MS)) return undefined;
      await read();
      return usable();
    },
    changed: () => {
      if (known) known = { ...known, at: Number.NEGATIVE_INFINITY };
    },
  };
};
