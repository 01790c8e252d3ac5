/**
 * The port of the limiter: one atomic step that either takes a place in a sliding window or says how long to wait.
 * Both drivers keep the times of the last `max` admissions, so that no window of `windowMs`, wherever it begins, ever
 * holds more than `max`, and the waiting time is exact.
 */
export type Counter = {
  /**
   * @returns 0 when a place was taken, else the milliseconds until one is free. A refusal takes nothing.
   * @throws when it cannot count; the caller refuses then.
   */
  take(key: string, window: { readonly max: number; readonly windowMs: number }): Promise<number>;
  close(): Promise<void>;
};

/** Parts with their lengths, so that no two lists of parts make one key whatever the parts contain. */
export const keyOf = (...parts: readonly string[]): string => parts.map((part) => `${part.length}:${part}`).join('');
