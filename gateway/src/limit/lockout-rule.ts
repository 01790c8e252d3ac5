/** How long a failed guess locks: what is known of one key, before and after. */
import { type Clock, later } from '@house/kernel/clock';
import type { LockoutPolicy } from './policy.ts';

export type Standing = {
  /** Failed guesses since `failingSince` that have not led to a lock yet. */
  readonly failures: number;
  readonly failingSince: Date | null;
  /** How many locks there were. */
  readonly level: number;
  readonly lockedUntil: Date | null;
  /** From then on it is as if nothing had happened. */
  readonly forgottenAt: Date;
};

/** After so long without a failure the next lock is the first again. */
const REMEMBERED_MS = 24 * 60 * 60 * 1_000;
/** Doubling further is beyond any longest lock. */
const DOUBLED_AT_MOST = 40;

type Moment = ReturnType<Clock>;

/** Milliseconds, never more than the longest lock: a clock that was set back locks nobody for longer. */
export const lockedMs = ({ lockedUntil }: Standing, { longestMs }: LockoutPolicy, now: Moment): number =>
  Math.min(Math.max(0, (lockedUntil?.getTime() ?? 0) - now.getTime()), longestMs);

/** A guess that was under way when the lock came does not lengthen it. */
export const afterFailure = (known: Standing | undefined, policy: LockoutPolicy, now: Moment): Standing => {
  const remembered = known && known.forgottenAt > now ? known : undefined;
  if (remembered && lockedMs(remembered, policy, now) > 0) return remembered;
  const { failingSince = null, level = 0 } = remembered ?? {};
  const isGoingOn =
    failingSince !== null && failingSince <= now && now.getTime() - failingSince.getTime() < policy.withinMs;
  const failures = (isGoingOn ? (remembered?.failures ?? 0) : 0) + 1;
  if (failures < policy.failures)
    return {
      failures,
      failingSince: isGoingOn ? failingSince : now,
      level,
      lockedUntil: null,
      forgottenAt: later(now, REMEMBERED_MS),
    };
  const forMs = Math.min(policy.firstMs * 2 ** Math.min(level, DOUBLED_AT_MOST), policy.longestMs);
  const lockedUntil = later(now, forMs);
  return {
    failures: 0,
    failingSince: null,
    level: level + 1,
    lockedUntil,
    forgottenAt: later(lockedUntil, REMEMBERED_MS),
  };
};
