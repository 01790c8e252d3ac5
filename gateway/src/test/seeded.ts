/** Chance that can be repeated: the same seed makes the same choices (mulberry32). */
export type Chance = {
  /** True once in `1 / share`. */
  happens(share: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
  /** 0 to `limit - 1`. */
  below(limit: number): number;
};

export const createChance = (seed: number): Chance => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    happens: (share) => next() < share,
    pick: (values) => {
      const value = values[below(values.length)];
      if (value === undefined) throw new RangeError('expected something to pick from');
      return value;
    },
  };
};
