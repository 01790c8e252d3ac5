/**
 * One pulse for everybody who taps the same point at the same time (docs/decisions/0010): a second pulse on a gate that
 * toggles stops or reverses it, and a crowd at a door must not hammer it.
 */
import { later } from '@house/kernel/clock';
import type { Queryable } from '@house/kernel/database';
import type { ErrorCode } from '@house/kernel/errors';
import { type Change, CLOCKS_APART_MS, type CommandState, type OutboxStore } from '@house/kernel/outbox';
import type { Followers, OperationRecord } from '../operations/operations.ts';
import type { OpenBody } from './deliver-open.ts';
import type { KnownAccessPoint } from './directory.ts';
import { DEADLINE_MS } from './rules.ts';

/** A finger that hits twice, and an app that loses patience. */
const JOINED_WITHIN_MS = 2_000;
/** Of a crowd some were slower on their way to us than others: a deadline that is this much later is the same. */
const SAME_DEADLINE_MS = 2_000;
/** When the platform does not say for how long a pulse keeps a point open. */
const ASSUMED_HOLD_MS = 3_000;

export type Tap = {
  subject: string;
  premisesId: string;
  at: Date;
  deadline: Date;
  point: Pick<KnownAccessPoint, 'actuation' | 'holdMs'>;
};

export type Share =
  /** It is the person's own tap of a moment ago. */
  | { is: 'joins'; id: string }
  /** The pulse of this operation, made or to come, opens for the tap too. */
  | { is: 'follows'; leader: OperationRecord }
  /** A pulse that nobody knows of may be moving it: another one could stop or reverse it. */
  | { is: 'busy'; retryAfterMs: number }
  /** It needs a pulse of its own. */
  | { is: 'leads' };

const NOT_YET_SENT: ReadonlySet<CommandState> = new Set(['ACCEPTED', 'QUEUED']);
const RUNNING: ReadonlySet<CommandState> = new Set([...NOT_YET_SENT, 'SENT']);

const holdOf = ({ holdMs }: Tap['point']): number => holdMs ?? ASSUMED_HOLD_MS;
/** What is not momentary may be undone by a second pulse. */
const isDelicate = ({ actuation }: Tap['point']): boolean => actuation !== 'MOMENTARY';

/** The pulse was made before the operation ended and before its deadline, whichever came first. */
const mayBeOpen = ({ finishedAt, deadline }: OperationRecord, { at, point }: Tap): boolean => {
  const since = later(at, -holdOf(point) / 2);
  return finishedAt !== null && finishedAt > since && deadline > since;
};

/**
 * Whether the pulse of `leader` opens for the tap. A pulse to come does, one that may have been made already does while
 * the point is still open: half of its hold is left to pass through.
 */
const serves = (leader: OperationRecord, tap: Tap): boolean => {
  const { at, deadline, point } = tap;
  const hold = holdOf(point);
  if (isDelicate(point)) {
    // It may be as old as the operation: how long the answer was looked for says nothing about the gate.
    const isStillOpen = leader.createdAt > later(at, -hold);
    if (leader.state === 'SUCCEEDED') return isStillOpen && mayBeOpen(leader, tap);
    return NOT_YET_SENT.has(leader.state) || (leader.state === 'SENT' && isStillOpen);
  }
  // A second pulse does no harm here: nobody waits longer than they asked for, or for what may be over.
  if (leader.deadline <= at || leader.deadline > later(deadline, SAME_DEADLINE_MS)) return false;
  return NOT_YET_SENT.has(leader.state) || (leader.state === 'SENT' && leader.createdAt > later(at, -hold / 2));
};

const blocks = (leader: OperationRecord, tap: Tap): boolean => {
  const { state, deadline } = leader;
  if (!isDelicate(tap.point)) return false;
  if (state === 'SUCCEEDED') return mayBeOpen(leader, tap);
  return (state === 'SENT' || state === 'UNKNOWN_OUTCOME') && deadline > later(tap.at, -holdOf(tap.point));
};

/** What becomes of a tap. @param opens of the point, newest first: the person's own, and those that lead. */
export const shareOf = (tap: Tap, opens: readonly OperationRecord[]): Share => {
  // Of a clock that has been set back since: nobody knows when it was, and it would open for everybody until then.
  const known = opens.filter(({ createdAt }) => createdAt <= later(tap.at, CLOCKS_APART_MS));
  const own = known.find(
    ({ subject, premisesId, state, createdAt }) =>
      subject === tap.subject &&
      premisesId === tap.premisesId &&
      RUNNING.has(state) &&
      createdAt > later(tap.at, -JOINED_WITHIN_MS),
  );
  if (own) return { is: 'joins', id: own.id };
  const leaders = known.filter(({ follows }) => follows === null);
  const leader = leaders.find((candidate) => serves(candidate, tap));
  if (leader) return { is: 'follows', leader };
  return leaders.some((candidate) => blocks(candidate, tap))
    ? { is: 'busy', retryAfterMs: holdOf(tap.point) }
    : { is: 'leads' };
};

/** Taps of one point are decided one after the other. */
export const tapLock = (accessPointId: string): string => `open|${accessPointId}`;

/** Decides about a tap under its `tapLock`. A leader that is followed is held by the transaction. */
export const createShare =
  ({ followers }: { followers: Followers }) =>
  async (transaction: Queryable, accessPointId: string, tap: Tap): Promise<Share> => {
    const since = later(tap.at, -(DEADLINE_MS.most + holdOf(tap.point)));
    for (;;) {
      const opens = await followers.opensAt(transaction, { objectId: accessPointId, subject: tap.subject, since });
      const share = shareOf(tap, opens);
      if (share.is !== 'follows') return share;
      const held = await followers.holdLeader(transaction, share.leader.id);
      if (held && serves(held, tap)) return { is: 'follows', leader: held };
      // Delivery was quicker: it stands differently now, and perhaps another leads.
    }
  };

/** The command that opens for an operation. */
const openCommand = ({ id, subject, premisesId, objectId, createdAt, deadline }: OperationRecord) => ({
  id,
  kind: 'OPEN',
  class: 'moment' as const,
  orderKey: null,
  body: { subject, premisesId, accessPointId: objectId } satisfies OpenBody,
  createdAt,
  notAfter: deadline,
});

/** What the point itself cannot do, it cannot do for anybody. */
const OF_THE_POINT: ReadonlySet<ErrorCode | null> = new Set<ErrorCode>(['DEVICE_OFFLINE', 'ACCESS_POINT_LOCKED_DOWN']);

const isOnesOwn = ({ state, code }: Change): boolean =>
  state === 'CANCELLED' || state === 'EXPIRED' || (state === 'FAILED' && !OF_THE_POINT.has(code));

/**
 * Tells whoever follows what delivery came to. Where the leader's attempt ended without effect for reasons of its own,
 * its person's right or its deadline, the next one gets a command instead.
 */
export const createTellFollowers =
  ({ followers, outbox }: { followers: Followers; outbox: Pick<OutboxStore, 'put'> }) =>
  async (transaction: Queryable, change: Change): Promise<void> => {
    const { command, at } = change;
    if (!isOnesOwn(change)) return followers.mirror(transaction, command.id);
    const heir = await followers.passOn(transaction, command.id, at);
    if (heir) await outbox.put(transaction, openCommand(heir));
  };
