/** The journal of a flat by v1: a day at a time, in no order, to the second. */
import type { Handlers } from '../exchange.ts';
import type { JournalEntry } from '../journal/journal.ts';
import type { Simulation } from '../simulation.ts';
import type { Unit } from '../world.ts';
import { flag, list, notFound, paged } from './envelope.ts';

/** With the quirk `image-not-ready`, from an event to its picture. */
const IMAGE_MS = 5_000;
/** Where a camera looks. */
const SEEN: ReadonlySet<string> = new Set(['entrance', 'barrier']);
/** One grey pixel. */
const PICTURE = Buffer.from(
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=',
  'base64',
);

export const createJournalHandlers = (simulation: Simulation): Handlers => {
  const { world, journal, vehicles, quirks, clock } = simulation;
  const flatOf = (id: unknown): Unit | undefined => {
    const unit = world.unitByLegacyId(Number(id));
    return unit && world.speaks(unit.siteId, 'events') === 'v1' ? unit : undefined;
  };
  const present = ({ uuid, date, event, accessPoint, credentialRef, shown }: JournalEntry) => {
    const detail = shown ?? (credentialRef === undefined ? undefined : vehicles.permit(credentialRef)?.line);
    return {
      uuid,
      date,
      event,
      domophoneId: accessPoint.domophoneId,
      doorId: accessPoint.doorId,
      ...(detail === undefined ? {} : { detail }),
      preview: flag(SEEN.has(accessPoint.kind)),
    };
  };
  return {
    listEvents(call) {
      const unit = flatOf(call.params.flatId);
      if (!unit) return notFound();
      const told = quirks.has('duplicate-events')
        ? journal.of(unit, String(call.query.day)).flatMap((entry, index) => (index % 2 === 0 ? [entry, entry] : entry))
        : journal.of(unit, String(call.query.day));
      return list(paged(told, call).map(present), quirks.has('404-as-empty'));
    },

    listEventDays(call) {
      const unit = flatOf(call.params.flatId);
      if (!unit) return notFound();
      const days = journal.daysOf(unit).map(({ day, events }) => ({ day, events: String(events) }));
      return list(paged(days, call), quirks.has('404-as-empty'));
    },

    readEventImage(call) {
      const found = journal.find(String(call.params.uuid));
      if (!found || world.speaks(found.unit.siteId, 'events') !== 'v1') return notFound();
      const { accessPoint, occurredAt } = found.entry;
      const age = clock().getTime() - occurredAt.getTime();
      if (!SEEN.has(accessPoint.kind) || (quirks.has('image-not-ready') && age < IMAGE_MS)) return notFound();
      return { status: 200, contentType: 'image/jpeg', bytes: PICTURE };
    },
  };
};
