/**
 * How a person's query reads: two seconds in all, and what failed in passing is asked again quickly. Only there: what a
 * command reads on its way is repeated by the outbox, and two layers of repeats multiply.
 */
import { type Clock, later } from '@house/kernel/clock';
import { CLASSES } from '@house/kernel/outbox';
import { type Fault, HELD_BACK, networkFault, PlatformFault } from './faults.ts';
import { orAborted } from './transport/departure.ts';

const { lifeMs, attempts, backoff } = CLASSES.read;

export type Turn = { signal: AbortSignal; isRepeat: boolean };
/** @throws PlatformFault what the last turn met. */
export type Read = <T>(turn: (turn: Turn) => Promise<T>) => Promise<T>;

export const createRead = ({
  clock,
  chance,
  wait,
}: {
  clock: Clock;
  /** A number from 0 to 1. */
  chance: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
}): Read => {
  /** How long to wait before the next turn; undefined: it was the last. */
  const pauseAfter = ({ transient, problem, retryAfterMs }: Fault, repeats: number, leftMs: number) => {
    if (!transient || problem === HELD_BACK || repeats + 1 >= attempts) return undefined;
    const backoffMs = Math.floor(chance() * Math.min(backoff.limitMs, backoff.baseMs * 2 ** (repeats + 1)));
    const pauseMs = Math.max(retryAfterMs ?? 0, backoffMs);
    return pauseMs < leftMs ? pauseMs : undefined;
  };

  return async (turn) => {
    const until = later(clock(), lifeMs);
    const signal = AbortSignal.timeout(lifeMs);
    for (let repeats = 0; ; repeats += 1) {
      try {
        return await orAborted(turn({ signal, isRepeat: repeats > 0 }), signal);
      } catch (error) {
        if (signal.aborted && !(error instanceof PlatformFault))
          throw new PlatformFault(networkFault(error, 'possible'), error);
        if (!(error instanceof PlatformFault)) throw error;
        const pauseMs = pauseAfter(error.fault, repeats, until.getTime() - clock().getTime());
        if (pauseMs === undefined || signal.aborted) throw error;
        await wait(pauseMs);
      }
    }
  };
};
