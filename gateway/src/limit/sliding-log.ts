/** What a window that slides is made of: the times of its last admissions in milliseconds, oldest first. */
import type { Places } from './counter.ts';

type Measure = Omit<Places, 'key'>;

/** A clock was set back: what lies ahead of it happened just now, or the wait would be longer than the window. */
export const notAhead = (times: readonly number[], now: number): readonly number[] =>
  (times.at(-1) ?? now) > now ? times.map((at) => Math.min(at, now)) : times;

/** 0, or how long until `count` more fit. */
export const waitMsOf = (times: readonly number[], { count, max, windowMs }: Measure, now: number): number => {
  if (count > max) return windowMs;
  const blocking = times[times.length - max + count - 1];
  return blocking !== undefined && blocking + windowMs > now ? blocking + windowMs - now : 0;
};

export const withAdmitted = (times: readonly number[], { count, max }: Measure, now: number): number[] =>
  [...times, ...Array.from({ length: count }, () => now)].slice(-max);

/** Takes out one admission of the time `at`; the others keep theirs. */
export const withoutOne = (times: readonly number[], at: number): readonly number[] => {
  const index = times.lastIndexOf(at);
  return index === -1 ? times : times.toSpliced(index, 1);
};
