/**
 * The platform's monotone log: what cameras, panels, visitors and the platform itself have caused. It begins with the
 * seeded week; ids are ULIDs and grow with every event, of whatever site.
 */
import { type Clock, later } from '@house/kernel/clock';
import type { SeededWeek } from './journal/seeded-week.ts';
import { createUlids, ulidFrom } from './journal/ulid.ts';
import type { Keep } from './state/records.ts';
import type { Mishap } from './webhooks/webhooks.ts';

/** The newest are kept: a house that runs for weeks must not grow without end. */
const LIMIT = 50_000;
const KEPT_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

export type PlatformEvent = {
  /** ULID. */
  id: string;
  /** From 1 per site, without gaps. */
  sequence: number;
  type: string;
  siteId: number;
  occurredAt: string;
  data: Readonly<Record<string, unknown>>;
  /** What was shown to the device. For v1's journal; v2 never tells it. */
  shown?: string;
};

export type LogPage = {
  events: readonly PlatformEvent[];
  /** The id that the next page comes after. */
  last: string;
};

type Happening = { type: string; siteId: number; data: Readonly<Record<string, unknown>> };

export type EventLog = {
  /** `mishap` is for whoever is told of it. */
  append(event: Happening, mishap?: Mishap): PlatformEvent;
  /** As it would be, were it to happen now. */
  imagine(event: Happening): PlatformEvent;
  /** Since the simulation began, oldest first. */
  read(): readonly PlatformEvent[];
  /**
   * Oldest first, at most `limit` of those that `wanted` takes, after the id `after` or from the beginning. `gone` when
   * something after it is kept no more.
   */
  page(asked: {
    after: string | undefined;
    limit: number;
    wanted: (event: PlatformEvent) => boolean;
  }): LogPage | 'gone';
  /** One that happened before the process began. */
  restore(event: PlatformEvent): void;
};

/** The index of the first event after `id`. */
const firstAfter = (events: readonly PlatformEvent[], id: string): number => {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.id ?? '') > id) high = middle;
    else low = middle + 1;
  }
  return low;
};

export const createEventLog = (deps: {
  clock: Clock;
  keep: Keep;
  week: SeededWeek;
  appended: (event: PlatformEvent) => void;
  /** Called for what happens now, and not for what happened before the process began. */
  published: (event: PlatformEvent, mishap: Mishap | undefined) => void;
}): EventLog => {
  const { clock, keep, week, appended, published } = deps;
  const events: PlatformEvent[] = [];
  const sequences = new Map<number, number>();
  const ulids = createUlids({ clock });
  /** The last that was dropped for want of room. */
  let dropped = '';

  const add = (event: PlatformEvent): void => {
    sequences.set(event.siteId, event.sequence);
    events.push(event);
    if (events.length >= 2 * LIMIT) dropped = events.splice(0, LIMIT).at(-1)?.id ?? dropped;
    appended(event);
  };

  function* since(id: string): Generator<PlatformEvent> {
    for (const part of [dropped === '' && id < week.end ? week.log() : [], events])
      for (let index = firstAfter(part, id); index < part.length; index += 1) {
        const event = part[index];
        if (event) yield event;
      }
  }

  const imagine = ({ type, siteId, data }: Happening): PlatformEvent => {
    const sequence = (sequences.get(siteId) ?? week.countOf(siteId)) + 1;
    return { id: ulids.next(), sequence, type, siteId, occurredAt: clock().toISOString(), data };
  };

  return {
    imagine,
    append(happening, mishap) {
      const event = imagine(happening);
      add(event);
      keep({ is: 'event', event });
      published(event, mishap);
      return event;
    },
    read: () => events.slice(-LIMIT),
    page({ after, limit, wanted }) {
      const horizon = ulidFrom(later(clock(), -KEPT_DAYS * DAY_MS));
      if (after !== undefined && after < dropped) return 'gone';
      const [next] = since(after ?? '');
      if (after !== undefined && next && next.id < horizon) return 'gone';
      const found: PlatformEvent[] = [];
      let last = after ?? ulidFrom(clock());
      for (const event of since(after === undefined || after < horizon ? horizon : after)) {
        last = event.id;
        if (wanted(event)) found.push(event);
        if (found.length === limit) break;
      }
      return { events: found, last };
    },
    restore(event) {
      ulids.passed(event.id);
      add(event);
    },
  };
};
