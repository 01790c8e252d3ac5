/**
 * How much persistence a command deserves, as data. A physical moment is worth seconds, a stored fact a day, and what
 * the law or safety demands is never given up.
 */
export type CommandClass = 'safety' | 'moment' | 'compliance' | 'write';

export type RetryClass = {
  /** Lower goes first when many are due. */
  readonly priority: number;
  /** How long it may be delivered when the caller says nothing. */
  readonly lifeMs: number;
  readonly backoff: { readonly baseMs: number; readonly limitMs: number };
  /** Commands of the class that one worker delivers at the same time; a slow class cannot starve another. */
  readonly concurrency: number;
};

const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;

export const CLASSES: Readonly<Record<CommandClass, RetryClass>> = {
  safety: { priority: 0, lifeMs: 365 * DAY, backoff: { baseMs: 100, limitMs: 5 * SECOND }, concurrency: 8 },
  moment: { priority: 1, lifeMs: 10 * SECOND, backoff: { baseMs: 100, limitMs: 2 * SECOND }, concurrency: 16 },
  compliance: { priority: 2, lifeMs: 365 * DAY, backoff: { baseMs: SECOND, limitMs: 60 * SECOND }, concurrency: 8 },
  write: { priority: 3, lifeMs: DAY, backoff: { baseMs: 100, limitMs: 30 * SECOND }, concurrency: 8 },
};

/** A receiver that says "come back in a week" is asked again after an hour. */
export const RETRY_AFTER_LIMIT_MS = 60 * 60 * SECOND;
