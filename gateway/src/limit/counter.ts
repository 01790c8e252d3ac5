/**
 * The port of the limiter: one atomic step that takes a place in each of several sliding windows, or takes nothing and says
 * how long to wait. Drivers keep the times of the last `max` admissions of a key, so that no window of `windowMs`,
 * wherever it begins, ever holds more than `max`, and the waiting time is exact.
 */
export type Places = {
  readonly key: string;
  /** How many are taken at once: one for every alias that asks for the same. */
  readonly count: number;
  readonly max: number;
  readonly windowMs: number;
};

/**
 * What becomes of a decision while the store that all gateways share is away: `own`, this gateway's count decides;
 * `refuse`, it is counted in PostgreSQL, and refused when that is away too.
 */
export type WhenUnknown = 'own' | 'refuse';

export type Taken = {
  /**
   * For each of the places, in their order: 0, or the milliseconds until there is one. Nothing was taken unless all are 0.
   * More at once than `max` never fit; the whole window is told then.
   */
  readonly waits: readonly number[];
  /** Gives back what was taken under these keys: one place for each time that a key is named. */
  giveBack(keys: readonly string[]): Promise<void>;
};

export type Counter = {
  /** @param places of different keys. @throws when it cannot count; the caller refuses then. */
  take(places: readonly Places[], whenUnknown?: WhenUnknown): Promise<Taken>;
  close(): Promise<void>;
};

export const isAdmitted = ({ waits }: Pick<Taken, 'waits'>): boolean => waits.every((waitMs) => waitMs === 0);

/** A refusal took nothing, so that it has nothing to give back. */
export const refusal = (waits: readonly number[]): Taken => ({ waits, giveBack: async () => undefined });

/** Parts with their lengths, so that no two lists of parts make one key whatever the parts contain. */
export const keyOf = (...parts: readonly string[]): string => parts.map((part) => `${part.length}:${part}`).join('');
