/**
 * Starts parts in order and stops them in reverse. The first SIGTERM or SIGINT drains; the same signal repeated
 * within a second is one signal (terminals and npm send it twice); a later one ends the process at once.
 */
import { z } from 'zod';
import type { Clock } from './clock.ts';
import type { Environment } from './config.ts';
import type { Log } from './telemetry.ts';

export type Part = {
  readonly name: string;
  /** Called for every part at once, before the first one stops: says that nothing should be sent here any more. */
  retire?(): void;
  /** Stops taking work, finishes what is under way, releases what it holds. */
  stop(): Promise<void>;
};

export type Lifecycle = {
  /** Remembers a started part. Parts stop in the reverse of the order in which they were added. */
  add(part: Part): void;
  /** Stops everything once; later calls wait for the same stop. Resolves to whether all parts stopped in time. */
  stop(): Promise<boolean>;
};

/** A drain that takes longer is cut: the process manager would kill it anyway. */
const DRAIN_LIMIT_MS = 15_000;

export const createLifecycle = ({ log, limitMs = DRAIN_LIMIT_MS }: { log: Log; limitMs?: number }): Lifecycle => {
  const parts: Part[] = [];
  let stopping: Promise<boolean> | undefined;

  const stopAll = async (): Promise<boolean> => {
    let clean = true;
    for (const part of parts) part.retire?.();
    for (const part of parts.toReversed()) {
      try {
        await part.stop();
        log.debug('stopped', { step: part.name });
      } catch (error) {
        clean = false;
        log.error('stop-failed', { step: part.name, error });
      }
    }
    return clean;
  };

  const withLimit = async (work: Promise<boolean>): Promise<boolean> => {
    const { promise: limit, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => {
      log.error('drain-cut', { durationMs: limitMs });
      resolve(false);
    }, limitMs);
    try {
      return await Promise.race([work, limit]);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    add: (part) => void parts.push(part),
    stop: () => {
      stopping ??= withLimit(stopAll());
      return stopping;
    },
  };
};

/** With it the longest request, ten seconds, still ends within the drain's limit. */
const LAME_DUCK_LIMIT_MS = 4_500;

/**
 * The variable `LAME_DUCK_MS`: for how long a process that was told to end still takes requests. Whoever sends them has
 * to notice first that it is not ready; in development nobody stands in front of it.
 */
export const lameDuckMs = ({ NODE_ENV }: Environment) =>
  z.coerce
    .number(`milliseconds from 0 to ${LAME_DUCK_LIMIT_MS}`)
    .int()
    .min(0)
    .max(LAME_DUCK_LIMIT_MS)
    .default(NODE_ENV === 'development' ? 100 : 4_000);

const SAME_SIGNAL_MS = 1_000;

/** Ties the process's end to the lifecycle. Call once, in `main.ts`. */
export const drainOnSignals = ({
  lifecycle,
  log,
  clock,
  exit,
}: {
  lifecycle: Lifecycle;
  log: Log;
  clock: Clock;
  exit: (code: number) => void;
}): void => {
  let first: Date | undefined;
  const onSignal = (signal: string) => {
    const now = clock();
    if (first) {
      if (now.getTime() - first.getTime() >= SAME_SIGNAL_MS) exit(1);
      return;
    }
    first = now;
    log.info('draining', { signal });
    void lifecycle.stop().then((clean) => exit(clean ? 0 : 1));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
};
