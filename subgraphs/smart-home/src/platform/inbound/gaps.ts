/** Finds events that a site has sent and we have not got, and has the platform deliver them again. */
import { type Clock, later } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import type { Gap, InboundStore } from './store.ts';
import type { SubscriptionKeeper } from './subscription.ts';

/** In no order: what is missing is often only late, by the first of the platform's repeats. */
const PATIENCE_MS = 10_000;
const ASK_EVERY_MS = 60_000;
/** What three replays have not brought is not told to us. */
const ASKED_LIMIT = 3;
/** Times are told in milliseconds, and order within one is not known. */
const MARGIN_MS = 1_000;

/** One look. */
export const createFindGaps = ({
  store,
  replay,
  missed,
  clock,
  log,
}: {
  store: Pick<InboundStore, 'gaps' | 'ask' | 'asked' | 'giveUp'>;
  replay: SubscriptionKeeper['replay'];
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

  return async (signal) => {
    const late = (await store.gaps()).filter(isLate);
    if (late.length === 0 || !(await store.ask(late, later(clock(), -ASK_EVERY_MS)))) return;
    for (const gap of late) if (gap.asked >= ASKED_LIMIT) await giveUp(gap);
    const waiting = late.filter(({ asked }) => asked < ASKED_LIMIT);
    const [oldest] = waiting.map(({ wholeAt }) => wholeAt).toSorted((one, other) => one.getTime() - other.getTime());
    // The replay since the oldest brings what is missing of the others as well.
    if (!oldest || !(await replay(later(oldest, -MARGIN_MS), signal))) return;
    await store.asked(waiting);
    log.info('platform-events-replayed', { count: waiting.length });
  };
};
