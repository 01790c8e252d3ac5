/**
 * What keeps us from hammering a platform that is down, and what makes the app told at once: a pause that the platform
 * asked for, a breaker per site, and a budget for repeats. A request that is held back was not sent.
 *
 * Own code, because the breakers that are kept well take the time from the process and ours comes in by the door.
 */
import type { Clock } from '@house/kernel/clock';
import { RETRY_AFTER_LIMIT_MS } from '@house/kernel/outbox';

/** `platform` is what belongs to no site and every site needs: discovery and tokens. `webhooks` is what no door waits for. */
export type GuardKey = number | 'platform' | 'webhooks';

export type Guard = {
  /** Milliseconds after which it may be tried again; undefined: go. A `repeat` also needs the budget. */
  holdsBack(key: GuardKey, options: { repeat: boolean }): number | undefined;
  /** What a request that was let go came to. */
  report(key: GuardKey, result: 'answered' | 'failed'): void;
  /** The platform answered that it is too much; nothing is sent there for `forMs`, or for as long as seems good with 0. */
  pause(key: GuardKey, forMs: number): void;
  /** Milliseconds for which any request would be held back now; undefined: none. Asks without using up a probe. */
  refuses(key: GuardKey): number | undefined;
  /** Whether the breaker is open, be it that a probe is due. */
  isBroken(key: GuardKey): boolean;
};

/** Told of every change, for logs and metrics. */
export type GuardWatch = {
  opened(key: GuardKey): void;
  closed(key: GuardKey): void;
  /** A pause began; one that is only prolonged is not told again. */
  paused(key: GuardKey, forMs: number): void;
  heldBack(key: GuardKey, because: 'pause' | 'breaker' | 'budget'): void;
};

/** The breaker opens when half of at least twenty requests of ten seconds failed. */
const WINDOW_MS = 10_000;
const REQUESTS_AT_LEAST = 20;
const FAILED_SHARE = 0.5;
/** While open, one request at a time finds out whether the platform is back. */
const PROBE_EVERY_MS = 2_000;
/** A platform that says "too many" without saying for how long: a second, and twice as long each time it says so again. */
const PAUSE_DEFAULT_MS = 1_000;
const PAUSE_DEFAULT_LIMIT_MS = 60_000;
/**
 * Repeats are at most a share of the requests of a minute, and thirty more. A quiet house, where the share comes to
 * nothing, must be able to repeat; and no platform is overloaded by one repeat in two seconds, so a smaller floor would
 * protect nobody.
 */
const BUDGET_WINDOW_MS = 60_000;
const BUDGET_SHARE = 0.1;
const BUDGET_FLOOR = 30;
/** Recovery must be noticed however empty the budget is. */
const BUDGET_PROBE_MS = 5_000;

/** How many within the last `windowMs`, in steps of a second: cheap however many there are. */
const createCounter = (windowMs: number) => {
  const seconds = new Map<number, number>();
  return {
    add: (now: number): void => {
      const second = Math.floor(now / 1_000);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    },
    sum: (now: number): number => {
      let total = 0;
      for (const [second, count] of seconds) {
        // What lies ahead was counted by a clock that has been set back since.
        if (second * 1_000 <= now - windowMs || second * 1_000 > now) seconds.delete(second);
        else total += count;
      }
      return total;
    },
    clear: (): void => seconds.clear(),
  };
};

/** A time that was waited for and lies further away than it ever could was set by a clock that has been set back since. */
const left = (until: number, now: number, limitMs: number): number => (until - now > limitMs ? 0 : until - now);

const createSite = () => ({
  answered: createCounter(WINDOW_MS),
  failed: createCounter(WINDOW_MS),
  requests: createCounter(BUDGET_WINDOW_MS),
  repeats: createCounter(BUDGET_WINDOW_MS),
  lastRepeat: 0,
  isBroken: false,
  probedAt: 0,
  pausedUntil: 0,
  pauseMs: 0,
  /** Pauses in a row of which the platform did not say how long they should be. */
  unexplained: 0,
});
type Site = ReturnType<typeof createSite>;

const pauseLeft = (site: Site, now: number): number => left(site.pausedUntil, now, site.pauseMs);
const probeLeft = (site: Site, now: number): number =>
  site.isBroken ? left(site.probedAt + PROBE_EVERY_MS, now, PROBE_EVERY_MS) : 0;

/** @param retryShare how many repeats there may be for each request, above the floor. */
export const createGuard = ({
  clock,
  retryShare = BUDGET_SHARE,
  watch,
}: {
  clock: Clock;
  retryShare?: number | undefined;
  watch?: GuardWatch;
}): Guard => {
  const sites = new Map<GuardKey, Site>();
  const siteOf = (key: GuardKey): Site => {
    const site = sites.get(key) ?? createSite();
    sites.set(key, site);
    return site;
  };

  const budgetLeft = (site: Site, now: number): number =>
    site.repeats.sum(now) < BUDGET_FLOOR + site.requests.sum(now) * retryShare
      ? 0
      : left(site.lastRepeat + BUDGET_PROBE_MS, now, BUDGET_PROBE_MS);

  const close = (key: GuardKey, site: Site): void => {
    if (!site.isBroken) return;
    site.isBroken = false;
    site.failed.clear();
    watch?.closed(key);
  };

  return {
    holdsBack: (key, { repeat }) => {
      const now = clock().getTime();
      const site = siteOf(key);
      const waits = [
        ['pause', pauseLeft(site, now)],
        ['breaker', probeLeft(site, now)],
        ['budget', repeat ? budgetLeft(site, now) : 0],
      ] as const;
      for (const [because, wait] of waits) {
        if (wait <= 0) continue;
        watch?.heldBack(key, because);
        return wait;
      }
      if (site.isBroken) site.probedAt = now;
      if (repeat) site.lastRepeat = now;
      (repeat ? site.repeats : site.requests).add(now);
      return undefined;
    },
    report: (key, result) => {
      const now = clock().getTime();
      const site = siteOf(key);
      site[result].add(now);
      if (result === 'answered') {
        site.unexplained = 0;
        close(key, site);
        return;
      }
      if (site.isBroken) return;
      const failed = site.failed.sum(now);
      const all = failed + site.answered.sum(now);
      if (all < REQUESTS_AT_LEAST || failed < all * FAILED_SHARE) return;
      site.isBroken = true;
      site.probedAt = now;
      watch?.opened(key);
    },
    pause: (key, forMs) => {
      const now = clock().getTime();
      const site = siteOf(key);
      site.answered.add(now);
      close(key, site);
      const running = pauseLeft(site, now);
      // Requests that were under way together are refused together: that is one word, not many.
      if (running > 0 && forMs <= 0) return;
      const guessed = Math.min(PAUSE_DEFAULT_MS * 2 ** site.unexplained, PAUSE_DEFAULT_LIMIT_MS);
      const wanted = Math.min(forMs > 0 ? forMs : guessed, RETRY_AFTER_LIMIT_MS);
      if (running <= 0) {
        site.unexplained = forMs > 0 ? 0 : site.unexplained + 1;
        watch?.paused(key, wanted);
      }
      if (wanted <= running) return;
      site.pausedUntil = now + wanted;
      site.pauseMs = wanted;
    },
    refuses: (key) => {
      const now = clock().getTime();
      const site = siteOf(key);
      const wait = Math.max(pauseLeft(site, now), probeLeft(site, now));
      return wait > 0 ? wait : undefined;
    },
    isBroken: (key) => siteOf(key).isBroken,
  };
};
