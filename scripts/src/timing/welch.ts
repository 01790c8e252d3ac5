/**
 * Welch's t-test as dudect uses it (Reparaz, Balasch, Verbauwhede 2017): how surely two series of times have different
 * means. Below 4.5 nothing is shown; a leak grows with the root of the number of measurements.
 */

export const LEAK_T = 4.5;

/** Slow answers say how busy the machine was and hide the rest, so the test is made without the slowest too. */
const KEPT_SHARES = [1, 0.99, 0.95, 0.9] as const;

const momentsOf = (values: readonly number[]): { count: number; mean: number; variance: number } => {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, count - 1);
  return { count, mean, variance };
};

/** Positive when the first takes longer; 0 when nothing varies and nothing differs. */
export const welchT = (first: readonly number[], second: readonly number[]): number => {
  const [one, other] = [momentsOf(first), momentsOf(second)];
  const error = Math.sqrt(one.variance / one.count + other.variance / other.count);
  const difference = one.mean - other.mean;
  if (difference === 0) return 0;
  return error === 0 ? Math.sign(difference) * Number.POSITIVE_INFINITY : difference / error;
};

/** The value of largest size over all shares; whoever is cropped is cropped by both series together. */
export const largestT = (first: readonly number[], second: readonly number[]): number => {
  const all = [...first, ...second].toSorted((a, b) => a - b);
  const values = KEPT_SHARES.map((share) => {
    const limit = all[Math.max(0, Math.ceil(all.length * share) - 1)] ?? Number.POSITIVE_INFINITY;
    const kept = [first, second].map((series) => series.filter((value) => value <= limit));
    return welchT(kept[0] ?? [], kept[1] ?? []);
  });
  return values.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0);
};
