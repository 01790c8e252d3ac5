/** Finds events that a site has sent and we have not got, and has the platform deliver them again. */
import { type Clock, later } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import type { Gap, InboundStore } from './store.ts';
import type { SubscriptionKeeper } from './subscription.ts';

/** In no order: what is missing is often only late, by the first of the platform's repeats. */
const PATIENCE_MS = 10_000;
/** The least that a replay has before it is asked for again; twice as long after each that brought nothing. */
const ASK_EVERY_MS = 60_000;
/** While old events come, a replay is still under way; one that lasts longer than this is not waited for. */
const REPLAY_LIMIT_MS = 10 * ASK_EVERY_MS;
/** What three replays have not brought is not told to us. */
const ASKED_LIMIT = 3;
/** Times are told in milliseconds, and order within one is not known. */
const MARGIN_MS = 1_000;

export type ReplayWatch = {
  /** An event was told that happened then. */
  heard(occurredAt: Date): void;
  isUnderWay(): boolean;
};

/** Sees a replay by what it brings: events that happened longer ago than deliveries usually take. */
export const createReplayWatch = ({ clock }: { clock: Clock }): ReplayWatch => {
  let oldAt = Number.NEGATIVE_INFINITY;
  const isRecent = (at: number): boolean => Math.abs(clock().getTime() - at) < PATIENCE_MS;
  return {
    heard: (occurredAt) => {
      if (!isRecent(occurredAt.getTime())) oldAt = clock().getTime();
    },
    isUnderWay: () => isRecent(oldAt),
  };
};

/** One look. */
export const createFindGaps = ({
  store,
  replay,
  isReplayUnderWay,
  missed,
  clock,
  log,
}: {
  store: Pick<InboundStore, 'gaps' | 'ask' | 'asked' | 'giveUp'>;
  replay: SubscriptionKeeper['replay'];
  isReplayUnderWay: () => boolean;
  /** Is told how many were waited for in vain. */
  missed: (count: number) => void;
  clock: Clock;
  log: Log;
}): ((signal: AbortSignal) => Promise<void>) => {
  const isLate = ({ noticedAt }: Gap): boolean => Math.abs(clock().getTime() - noticedAt.getTime()) >= PATIENCE_MS;

  const giveUp = async (gap: Gap): Promise<void> => {
    await store.giveUp(gap);
    const count = gap.missing.to - gap.missing.from + 1;
    missed(count);
    log.warn('platform-events-missed', { siteId: gap.siteId, count });
  };

  /** For how long the replay before has the word. */
  const waitMs = (late: readonly Gap[]): number =>
    isReplayUnderWay()
      ? REPLAY_LIMIT_MS
      : ASK_EVERY_MS * 2 ** Math.max(0, ...late.map(({ asked }) => Math.min(asked, ASKED_LIMIT) - 1));

  return async (signal) => {
    const late = (await store.gaps()).filter(isLate);
    if (late.length === 0 || !(await store.ask(late, later(clock(), -waitMs(late))))) return;
    for (const gap of late) if (gap.asked >= ASKED_LIMIT) await giveUp(gap);
    const waiting = late.filter(({ asked }) => asked < ASKED_LIMIT);
    const [oldest] = waiting.map(({ wholeAt }) => wholeAt).toSorted((one, other) => one.getTime() - other.getTime());
    // The replay since the oldest brings what is missing of the others as well.
    if (!oldest || !(await replay(later(oldest, -MARGIN_MS), signal))) return;
    await store.asked(waiting);
    log.info('platform-events-replayed', { count: waiting.length });
  };
};
