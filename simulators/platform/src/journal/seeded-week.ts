/**
 * The week before the simulation began: what happened to each unit on each day is a function of the unit and the day, so
 * that it reads the same at every start. Every unit has the same number of events a day.
 */
import { createHash } from 'node:crypto';
import { later } from '@house/kernel/clock';
import type { PlatformEvent } from '../event-log.ts';
import type { Unit, World } from '../world.ts';
import { dayBefore, instantOf, localDay } from './local-time.ts';
import { ulidFrom, ulidOf } from './ulid.ts';

const DAYS = 7;

type Happening = {
  hour: number;
  via: 'rfid' | 'app' | 'pin' | 'plate' | 'missed call';
  where: 'entrance' | 'barrier';
};
const DAY: readonly Happening[] = [
  { hour: 7, via: 'rfid', where: 'entrance' },
  { hour: 9, via: 'app', where: 'entrance' },
  { hour: 13, via: 'missed call', where: 'entrance' },
  { hour: 16, via: 'pin', where: 'entrance' },
  { hour: 19, via: 'plate', where: 'barrier' },
  { hour: 21, via: 'app', where: 'entrance' },
];
const RING_MS = 40_000;

export type SeededWeek = {
  /** In the house's zone, oldest first. */
  daysOf(siteId: number): readonly string[];
  /** `sequence` is 0: only the log counts. */
  of(unit: Unit, day: string): readonly PlatformEvent[];
  countOf(siteId: number): number;
  /** An id that all of its ids come before. */
  end: string;
  /** Of all sites, oldest first, numbered. Made at the first call. */
  log(): readonly PlatformEvent[];
};

/** Remembers what is asked a thousand times. */
const remember = <Value>(make: (name: string) => Value): ((name: string) => Value) => {
  const known = new Map<string, Value>();
  return (name) => {
    const found = known.get(name);
    if (found !== undefined) return found;
    const made = make(name);
    known.set(name, made);
    return made;
  };
};

const digest = (name: string): Buffer => createHash('sha256').update(name).digest();
const MINUTE_MS = 60_000;
/** Below an hour, to the second. */
const withinHour = (bytes: Buffer): number => (bytes.readUInt8(0) % 60) * MINUTE_MS + (bytes.readUInt8(1) % 60) * 1000;

/** A name that the platform gave to a key or a permit of the unit. */
const credentialOf = ({ id }: Unit, prefix: string): string =>
  `${prefix}_${digest(`${prefix} ${id}`).toString('hex', 0, 6)}`;
const plateOf = ({ id }: Unit): string => {
  const bytes = digest(`plate ${id}`);
  const letter = (index: number) => 'ABEKMHOPCTYX'.charAt(bytes.readUInt8(index) % 12);
  return `${letter(0)}${100 + (bytes.readUInt16BE(1) % 900)}${letter(3)}${letter(4)}77`;
};

const opened = (unit: Unit, accessPointId: string, via: Exclude<Happening['via'], 'missed call'>) => ({
  type: 'access_point.opened',
  data: {
    accessPointId,
    unitId: unit.id,
    subjectRef: null,
    performedVia: via,
    credentialRef: via === 'rfid' ? credentialOf(unit, 'key') : via === 'plate' ? credentialOf(unit, 'vp') : null,
    operationId: null,
    denialReason: null,
    cameraId: null,
  },
});
const missed = (unit: Unit, accessPointId: string, at: Date, name: string) => ({
  type: 'call.ended',
  data: {
    id: `call_${digest(name).toString('hex', 0, 8)}`,
    unitId: unit.id,
    accessPointId,
    state: 'expired',
    startedAt: new Date(at.getTime() - RING_MS).toISOString(),
    expiresAt: at.toISOString(),
  },
});
/** What was shown to the device. */
const shownTo = (unit: Unit, via: Happening['via']): string | undefined => {
  if (via === 'rfid') return digest(`key ${unit.id}`).toString('hex', 6, 13).toUpperCase();
  return via === 'plate' ? plateOf(unit) : undefined;
};

export const createSeededWeek = ({ world, began }: { world: World; began: Date }): SeededWeek => {
  const zoneOf = (siteId: number): string => world.site(siteId)?.timeZone ?? 'UTC';
  const daysIn = remember((timeZone) => {
    const today = localDay(began, timeZone);
    return Array.from({ length: DAYS }, (_, index) => dayBefore(today, DAYS - index));
  });
  const daysOf = (siteId: number): readonly string[] => daysIn(zoneOf(siteId));
  /** `YYYY-MM-DD HH` and the zone, as an instant. */
  const hourAt = remember((name) => instantOf(`${name.slice(0, 13)}:00:00`, name.slice(14)));

  const happen = (unit: Unit, day: string, { hour, via, where }: Happening): PlatformEvent[] => {
    const accessPoint = world.accessPointsFor(unit).find(({ kind }) => kind === where);
    if (!accessPoint) return [];
    const name = `${unit.id} ${day} ${hour}`;
    const from = hourAt(`${day} ${String(hour).padStart(2, '0')} ${zoneOf(unit.siteId)}`);
    const at = later(from, withinHour(digest(name)));
    const shown = shownTo(unit, via);
    return [
      {
        id: ulidOf(at, name),
        sequence: 0,
        siteId: unit.siteId,
        occurredAt: at.toISOString(),
        ...(via === 'missed call' ? missed(unit, accessPoint.id, at, name) : opened(unit, accessPoint.id, via)),
        ...(shown === undefined ? {} : { shown }),
      },
    ];
  };
  const of = (unit: Unit, day: string): readonly PlatformEvent[] =>
    daysOf(unit.siteId).includes(day) ? DAY.flatMap((happening) => happen(unit, day, happening)) : [];

  const createLog = (): readonly PlatformEvent[] => {
    const sequences = new Map<number, number>();
    return world.sites
      .flatMap(({ id }) => daysOf(id).flatMap((day) => world.unitsOf(id).flatMap((unit) => of(unit, day))))
      .toSorted((one, other) => (one.id < other.id ? -1 : 1))
      .map((event) => {
        const sequence = (sequences.get(event.siteId) ?? 0) + 1;
        sequences.set(event.siteId, sequence);
        return { ...event, sequence };
      });
  };
  let log: readonly PlatformEvent[] | undefined;
  return {
    daysOf,
    of,
    end: ulidFrom(began),
    countOf: (siteId) => world.unitsOf(siteId).length * DAYS * DAY.length,
    log: () => {
      log ??= createLog();
      return log;
    },
  };
};
