import { later } from '@house/kernel/clock';
import { z } from 'zod';
import { contractBroken } from '../client.ts';
import { PlatformFault } from '../faults.ts';
import type { OpenOrder, Unit } from '../platform.ts';
import { earliestInstant, isTimeZone, localDays } from './local-time.ts';
import type { V1Session } from './session.ts';

const READ_LIMIT_MS = 2_000;
const PER_PAGE = 100;
/** A day of one flat fills a page; a list that does not end after this many goes in circles. */
const PAGES = 50;
/** Houses do not move between zones, but somebody may have written down the wrong one. */
const ZONE_KEPT_MS = 60 * 60 * 1_000;
const USUAL_ZONE = 'Europe/Moscow';
/** The journal's number for an opening by the application. */
const BY_APPLICATION = 4;
/** Nothing in the journal is finer. */
const RESOLUTION_MS = 1_000;
/** How far the platform's clock may be from ours. */
const CLOCKS_APART_MS = 1_000;

const house = z.object({ houseId: z.coerce.number().int(), timezone: z.string().refine(isTimeZone).optional() });
const event = z.object({
  uuid: z.string(),
  date: z.string().regex(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/),
  event: z.coerce.number().int(),
  domophoneId: z.coerce.number().int(),
  doorId: z.coerce.number().int(),
});

export type Door = { domophoneId: number; doorId: number };

export type JournalV1 = {
  /**
   * When the application opened the door for the flat, by the journal: the beginnings of those seconds, those that may
   * lie after `since`. Empty where the first version keeps no journal of the flat.
   * @throws PlatformFault when it cannot be read whole.
   */
  openings(wanted: { unit: Unit; door: Door; since: Date }, signal: AbortSignal): Promise<Date[]>;
};

export const createJournalV1 = (session: V1Session): JournalV1 => {
  const zones = new Map<number, { zone: string | undefined; until: Date }>();

  /** Walks a list to its short page. "Nothing here" is a 404 in the first version. */
  const list = async <T>(
    item: z.ZodType<T>,
    { path, route, siteId }: { path: string; route: string; siteId: number },
    signal: AbortSignal,
  ): Promise<T[]> => {
    const items: T[] = [];
    for (let page = 1; page <= PAGES; page += 1) {
      const data = await session
        .call({
          method: 'GET',
          path: `${path}${path.includes('?') ? '&' : '?'}page=${page}&per=${PER_PAGE}`,
          route,
          siteId,
          signal: AbortSignal.any([signal, AbortSignal.timeout(READ_LIMIT_MS)]),
        })
        .catch((error: unknown) => {
          if (error instanceof PlatformFault && error.fault.status === 404) return undefined;
          throw error;
        });
      const parsed = z.array(item).safeParse(data ?? []);
      if (!parsed.success) throw contractBroken(parsed.error);
      items.push(...parsed.data);
      if (parsed.data.length < PER_PAGE) return items;
    }
    throw contractBroken(new Error(`a list of more than ${PAGES} pages`));
  };

  /** Undefined: the house is not one of the first version. */
  const zoneOf = async (siteId: number, signal: AbortSignal): Promise<string | undefined> => {
    const known = zones.get(siteId);
    if (known && known.until > session.clock()) return known.zone;
    const houses = await list(house, { path: '/houses', route: '/houses', siteId }, signal);
    const found = houses.find(({ houseId }) => houseId === siteId);
    const zone = found && (found.timezone ?? USUAL_ZONE);
    zones.set(siteId, { zone, until: later(session.clock(), ZONE_KEPT_MS) });
    return zone;
  };

  return {
    openings: async ({ unit, door, since }, signal) => {
      const zone = await zoneOf(unit.siteId, signal);
      if (zone === undefined) return [];
      const earliest = later(since, -RESOLUTION_MS);
      const days = localDays(earliest, later(session.clock(), CLOCKS_APART_MS), zone);
      // The same event may be told twice, and a page may move under our feet.
      const events = new Map<string, z.output<typeof event>>();
      for (const day of days) {
        const path = `/flats/${unit.flatId}/events?day=${day}`;
        const told = await list(event, { path, route: '/flats/{flatId}/events', siteId: unit.siteId }, signal);
        for (const one of told) events.set(one.uuid, one);
      }
      return [...events.values()]
        .filter(
          (one) => one.event === BY_APPLICATION && one.domophoneId === door.domophoneId && one.doorId === door.doorId,
        )
        .map(({ date }) => earliestInstant(date, zone))
        .filter((at) => at >= earliest)
        .toSorted((one, other) => one.getTime() - other.getTime());
    },
  };
};

type Span = Awaited<ReturnType<OpenOrder['others']>>[number];

/**
 * Whether at least one of the openings must have been caused by something else than `others`, each of which opens once at
 * most. The journal names no cause, so an opening proves nothing as long as another request of ours can account for it:
 * "unknown" is honest, a false "opened" is not. Openings by other programs for the same flat cannot be told apart.
 */
export const isUnaccountedFor = (openings: readonly Date[], others: readonly Span[]): boolean => {
  const free = others.map(({ from, until }) => ({
    from: from.getTime() - RESOLUTION_MS - CLOCKS_APART_MS,
    until: until === null ? Number.POSITIVE_INFINITY : until.getTime() + CLOCKS_APART_MS,
  }));
  // The one that is over soonest goes first: no other choice accounts for more.
  free.sort((one, other) => one.until - other.until);
  for (const opening of openings.toSorted((one, other) => one.getTime() - other.getTime())) {
    const at = opening.getTime();
    const cause = free.findIndex(({ from, until }) => from <= at && at <= until);
    if (cause < 0) return true;
    free.splice(cause, 1);
  }
  return false;
};
