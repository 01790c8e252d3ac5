/** Work that is done again and again in the background: each kind beside the others, never beside itself. */
import type { Clock } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';

/** How often it is looked whether something is due. The clock in hand tells what is. */
const TICK_MS = 250;
/** After a failure: doubled each time, and no longer than the work's own time. */
const BACKOFF_MS = 1_000;
/** What is not finished waits for an answer that is on its way. */
const UNFINISHED_MS = 250;

export type Chore = {
  readonly name: string;
  readonly everyMs: number;
  /** False: it is not finished, and is tried again like one that failed. */
  work(signal: AbortSignal): Promise<unknown>;
};

/** Begins at once. */
export const createKeeping = (
  { clock, log }: { clock: Clock; log: Log },
  chores: readonly Chore[],
  { tickMs = TICK_MS }: { tickMs?: number } = {},
): {
  /** Resolves when each kind has been finished, or has failed, once. */
  readonly begun: Promise<unknown>;
  /** Ends what is under way. */
  stop(): Promise<void>;
} => {
  const ending = new AbortController();
  const underWay = new Set<Promise<void>>();

  const createTick = ({ name, everyMs, work }: Chore) => {
    let [failures, endedAt, waitMs] = [0, 0, 0];
    let isUnderWay = false;
    const { promise: isBegun, resolve: begin } = Promise.withResolvers<void>();
    const failed = (error?: unknown): void => {
      if (ending.signal.aborted) return;
      waitMs = Math.min(everyMs, (error === undefined ? UNFINISHED_MS : BACKOFF_MS) * 2 ** Math.min(failures, 20));
      failures += 1;
      if (error !== undefined) log.warn('keeping-failed', { step: name, attempts: failures, retryInMs: waitMs, error });
    };
    const run = async (): Promise<void> => {
      try {
        const isFinished = (await work(ending.signal)) !== false;
        if (isFinished) {
          [failures, waitMs] = [0, everyMs];
          begin();
        } else failed();
      } catch (error) {
        failed(error);
        begin();
      }
      endedAt = clock().getTime();
      isUnderWay = false;
    };
    const due = (): void => {
      // Either way: a clock that was set back must not make us wait until it has caught up.
      if (isUnderWay || Math.abs(clock().getTime() - endedAt) < waitMs) return;
      isUnderWay = true;
      const running = run().finally(() => underWay.delete(running));
      underWay.add(running);
    };
    return { due, isBegun };
  };

  const ticks = chores.map(createTick);
  const tick = (): void => {
    for (const { due } of ticks) due();
  };
  const timer = setInterval(tick, tickMs);
  tick();
  return {
    begun: Promise.all(ticks.map(({ isBegun }) => isBegun)),
    stop: async () => {
      clearInterval(timer);
      ending.abort();
      await Promise.all(underWay);
    },
  };
};
