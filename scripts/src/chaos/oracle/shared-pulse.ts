import type { Effect, Operation } from '../history.ts';

/** A door is held open for this long at most: whoever taps meanwhile may be served by the same pulse. */
const HELD_OPEN_MS = 10_000;

/** Whether an operation that follows another was served by a pulse that somebody else's command made. */
export const sharesPulse = ({ follows, createdAt, finishedAt, deadline }: Operation, pulses: readonly Effect[]) =>
  follows !== null && pulses.some(({ at }) => at >= createdAt - HELD_OPEN_MS && at <= (finishedAt ?? deadline));
