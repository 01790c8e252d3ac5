/**
 * How far a subscriber has been told, so that a process that was killed tells again little more than what it may not have
 * told: contract §5.6 allows any repeat (at least once) and asks for no loss.
 */
import type { Clock } from '@house/kernel/clock';

/** Ids of events; they grow with every event. */
export type Progress = {
  /** Everything up to here was acknowledged, */
  upTo: string;
  /** but for these, oldest first. */
  open: readonly string[];
};

/** A record of it stays this short: what comes after counts as not told. */
const OPEN_LIMIT = 100;
/** A line of the state for every acknowledgement would be as many as for the events themselves. */
const KEPT_EVERY_MS = 1_000;

export type Progresses = {
  /** It is to be told of this. */
  began(subscriptionId: string, eventId: string): void;
  /** It has acknowledged it. */
  told(subscriptionId: string, eventId: string): void;
  /** As far as is known; undefined: nothing is. */
  of(subscriptionId: string): Progress | undefined;
  restore(subscriptionId: string, progress: Progress): void;
  /** Nothing is on its way any more. */
  drop(subscriptionId: string): void;
  dropAll(): void;
};

type Known = { last: string; open: Set<string>; keptAt: number };

const progressOf = ({ last, open }: Known): Progress => {
  const oldest = [...open].sort();
  const cut = oldest[OPEN_LIMIT - 1];
  return open.size > OPEN_LIMIT && cut !== undefined
    ? { upTo: cut, open: oldest.slice(0, OPEN_LIMIT) }
    : { upTo: last, open: oldest };
};

export const createProgresses = ({
  clock,
  keep,
}: {
  clock: Clock;
  keep: (subscriptionId: string, progress: Progress) => void;
}): Progresses => {
  const all = new Map<string, Known>();
  return {
    began(id, eventId) {
      const known = all.get(id) ?? { last: '', open: new Set(), keptAt: Number.NEGATIVE_INFINITY };
      all.set(id, known);
      known.open.add(eventId);
      if (eventId > known.last) known.last = eventId;
    },
    told(id, eventId) {
      const known = all.get(id);
      if (!known?.open.delete(eventId)) return;
      const now = clock().getTime();
      if (Math.abs(now - known.keptAt) < KEPT_EVERY_MS) return;
      known.keptAt = now;
      keep(id, progressOf(known));
    },
    of: (id) => {
      const known = all.get(id);
      return known && progressOf(known);
    },
    restore: (id, { upTo, open }) =>
      void all.set(id, { last: upTo, open: new Set(open), keptAt: Number.NEGATIVE_INFINITY }),
    drop: (id) => void all.delete(id),
    dropAll: () => all.clear(),
  };
};
