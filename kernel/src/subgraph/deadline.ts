/**
 * How long a request may still take, handed from hop to hop as what is left of it. It is measured, not read from a clock:
 * a clock that is set, or differs from another machine's, ends no request.
 */
import { HouseError } from '../errors.ts';

/** No request takes longer, whoever asks. */
export const REQUEST_LIMIT_MS = 10_000;

/** For the way there and back: who asked can still answer when the one that was asked has used up its time. */
const HOP_MS = 20;

/** The header in which whole milliseconds are handed on. */
export const DEADLINE_HEADER = 'x-request-deadline';

export type Deadline = {
  /** Milliseconds; 0 when the time is over, and then nothing more is begun. */
  leftMs(): number;
  /** @throws HouseError `DEADLINE_EXCEEDED` when the time is over. */
  requireTime(): void;
  /** What the next one, that is asked now, may take. */
  next(): Deadline;
  /**
   * Begins `work` and settles as it does. When the time is over first, nobody waits for it any longer.
   * @throws HouseError `DEADLINE_EXCEEDED`.
   */
  bound<T>(work: () => Promise<T>): Promise<T>;
};

/** Whether the error says that a request's time was over. */
export const isTooLate = (error: unknown): boolean => error instanceof HouseError && error.code === 'DEADLINE_EXCEEDED';

const endingAt = (end: number): Deadline => {
  const leftMs = (): number => Math.max(0, end - performance.now());
  const requireTime = (): void => {
    if (leftMs() === 0) throw new HouseError('DEADLINE_EXCEEDED');
  };
  return {
    leftMs,
    requireTime,
    next: () => endingAt(end - HOP_MS),
    bound: async (work) => {
      requireTime();
      const { promise: over, reject } = Promise.withResolvers<never>();
      // A timer counts from the beginning of its turn of the event loop, so it may come too early.
      const look = (): void => {
        if (leftMs() === 0) reject(new HouseError('DEADLINE_EXCEEDED'));
        else timer = setTimeout(look, Math.ceil(leftMs()));
      };
      let timer = setTimeout(look, Math.ceil(leftMs()));
      try {
        return await Promise.race([work(), over]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
};

export const createDeadline = (ms: number): Deadline => endingAt(performance.now() + ms);

/** @returns milliseconds; undefined for what is not a whole number of them. */
export const parseLeftMs = (header: string): number | undefined =>
  /^\d{1,9}$/.test(header) ? Number(header) : undefined;
