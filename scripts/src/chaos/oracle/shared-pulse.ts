import type { Effect, Operation } from '../history.ts';

/** A door is held open for this long at most: whoever taps meanwhile may be served by the same pulse. */
const HELD_OPEN_MS = 10_000;

/** Whether an operation that was never sent itself was served by somebody else's pulse. */
export const sharesPulse = ({ attempts, createdAt, finishedAt, deadline }: Operation, pulses: readonly Effect[]) =>
  attempts === 0 && pulses.some(({ at }) => at >= createdAt - HELD_OPEN_MS && at <= (finishedAt ?? deadline));
