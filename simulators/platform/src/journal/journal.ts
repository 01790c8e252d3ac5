/**
 * The journal of a flat as v1 knows it: what opened for the flat and who rang, by day of the house. It is another view
 * of the platform's log, whichever version caused the event. Nothing is finer than a second.
 */
import { createHash } from 'node:crypto';
import type { PlatformEvent } from '../event-log.ts';
import type { AccessPoint, Unit, World } from '../world.ts';
import { localDay, localTime } from './local-time.ts';
import type { SeededWeek } from './seeded-week.ts';

/** Of a flat, besides the seeded week: the newest are kept. */
const LIMIT = 10_000;

export type JournalEntry = {
  uuid: string;
  /** In the house's zone. */
  date: string;
  /** 1 missed call, 2 answered call, 3 key, 4 application, 5 face, 6 code, 7 gate by call, 9 plate. */
  event: number;
  accessPoint: AccessPoint;
  /** The name of the permit or key that opened; v1 does not tell it. */
  credentialRef: string | undefined;
  /** What was shown to the device, where that was written down. */
  shown: string | undefined;
  occurredAt: Date;
};

export type Journal = {
  note(event: PlatformEvent): void;
  /** In an order that means nothing and stays. */
  of(unit: Unit, day: string): readonly JournalEntry[];
  /** Newest first. */
  daysOf(unit: Unit): readonly { day: string; events: number }[];
  /** Whose entry it is, and the entry. */
  find(uuid: string): { unit: Unit; entry: JournalEntry } | undefined;
};

const VIA: Readonly<Record<string, number>> = { rfid: 3, app: 4, face: 5, pin: 6, qr: 6, guest_link: 6, plate: 9 };
const READS_CALLS: ReadonlySet<string> = new Set(['gate', 'barrier']);

/** v1's number for it; undefined for what v1 has no word for. */
const numberOf = ({ type, data }: PlatformEvent, { kind }: AccessPoint): number | undefined => {
  if (type === 'call.answered') return 2;
  if (type === 'call.ended') return data.state === 'expired' ? 1 : undefined;
  if (type !== 'access_point.opened') return undefined;
  // A call that opens an entrance is in the journal as the call that was answered.
  if (data.performedVia === 'call') return READS_CALLS.has(kind) ? 7 : undefined;
  return VIA[String(data.performedVia)];
};

const uuidOf = (id: string): string => {
  const bytes = createHash('sha256').update(`journal ${id}`).digest();
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x80;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

type Line = { day: string; entry: JournalEntry };

export const createJournal = ({ world, week }: { world: World; week: SeededWeek }): Journal => {
  const lines = new Map<string, Line[]>();
  const zoneOf = ({ siteId }: Unit): string => world.site(siteId)?.timeZone ?? 'UTC';

  const entryOf = (event: PlatformEvent, unit: Unit): JournalEntry | undefined => {
    const accessPoint = world.accessPoint(String(event.data.accessPointId));
    const number = accessPoint && numberOf(event, accessPoint);
    if (!accessPoint || number === undefined) return undefined;
    const occurredAt = new Date(event.occurredAt);
    const { credentialRef } = event.data;
    return {
      uuid: uuidOf(event.id),
      date: localTime(occurredAt, zoneOf(unit)),
      event: number,
      accessPoint,
      credentialRef: typeof credentialRef === 'string' ? credentialRef : undefined,
      shown: event.shown,
      occurredAt,
    };
  };
  const seededOf = (unit: Unit, day: string): JournalEntry[] =>
    week.of(unit, day).flatMap((event) => entryOf(event, unit) ?? []);
  const livingOf = (unit: Unit): readonly Line[] => lines.get(unit.id) ?? [];

  const of = (unit: Unit, day: string): readonly JournalEntry[] =>
    [...seededOf(unit, day), ...livingOf(unit).flatMap((line) => (line.day === day ? line.entry : []))].toSorted(
      (one, other) => (one.uuid < other.uuid ? -1 : 1),
    );
  const entriesOf = (unit: Unit): readonly JournalEntry[] => [
    ...livingOf(unit).map(({ entry }) => entry),
    ...week.daysOf(unit.siteId).flatMap((day) => seededOf(unit, day)),
  ];

  return {
    note(event) {
      const unit = world.unit(String(event.data.unitId));
      const entry = unit && entryOf(event, unit);
      if (!entry) return;
      const ours = lines.get(unit.id) ?? [];
      ours.push({ day: localDay(entry.occurredAt, zoneOf(unit)), entry });
      if (ours.length >= 2 * LIMIT) ours.splice(0, LIMIT);
      lines.set(unit.id, ours);
    },
    of,
    daysOf(unit) {
      const counts = new Map(week.daysOf(unit.siteId).map((day) => [day, seededOf(unit, day).length]));
      for (const { day } of livingOf(unit)) counts.set(day, (counts.get(day) ?? 0) + 1);
      return [...counts]
        .flatMap(([day, events]) => (events > 0 ? { day, events } : []))
        .toSorted((one, other) => (one.day > other.day ? -1 : 1));
    },
    find(uuid) {
      for (const { id } of world.sites)
        for (const unit of world.unitsOf(id)) {
          const entry = entriesOf(unit).find((candidate) => candidate.uuid === uuid);
          if (entry) return { unit, entry };
        }
      return undefined;
    },
  };
};
