/**
 * Number plates that open barriers: one stock, whichever version asks. v2 sees permits, v1 sees the list of a flat.
 *
 * Nothing is unique here: a client that asks twice gets two permits, and the ledger tells.
 */
import type { Clock } from '@house/kernel/clock';
import type { EventLog } from './event-log.ts';
import { createId } from './ids.ts';
import type { Cause, Ledger } from './ledger.ts';
import { createPermitStock } from './permit-stock.ts';
import type { Keep } from './state/records.ts';
import type { AccessPoint, Unit, World } from './world.ts';

export type Plate = { country: string; canonical: string };
export type Provisioning = {
  accessPointId: string;
  state: 'queued' | 'applied';
  error: null;
  /** RFC 3339. */
  since: string;
};
export type PermitTerms = {
  points: readonly string[];
  validFrom: string;
  validUntil: string | null;
  autoOpen: boolean;
};
export type VehiclePermit = PermitTerms & {
  id: string;
  unitId: string;
  plate: Plate;
  /** The plate as v1 lists it: to the letter as it was written there. */
  line: string;
  provisioning: readonly Provisioning[];
};

export type Vehicles = {
  of(unit: Unit): readonly VehiclePermit[];
  permit(id: string): VehiclePermit | undefined;
  /** True for one that was removed. */
  isGone(id: string): boolean;
  add(unit: Unit, plate: Plate, terms: PermitTerms, cause: Cause): VehiclePermit;
  update(permit: VehiclePermit, terms: Partial<PermitTerms>): VehiclePermit;
  remove(permit: VehiclePermit, cause: Cause): void;
  /** The device is heard of again: what waited for it is applied. */
  applyQueued(accessPointId: string): void;
  /** v1's list: what is no longer in it goes, what is new comes, and what stays keeps its terms. */
  replace(unit: Unit, lines: readonly string[], cause: Cause): void;
  /** The same without a trace in the ledger: what somebody else has set, behind our client's back. */
  seed(unit: Unit, lines: readonly string[]): void;
  /** What a unit had before the process began, and what was gone by then. */
  restore(unitId: string, permits: readonly VehiclePermit[], gone: readonly string[]): void;
  /** Where a plate of the unit can open at all. */
  pointsOf(unit: Unit): readonly AccessPoint[];
};

/** Letters that look alike in both alphabets, by glyph and not by sound. */
const GLYPHS = new Map([...'АВЕКМНОРСТУХ'].map((letter, index) => [letter, 'ABEKMHOPCTYX'.charAt(index)]));

/** What v2 makes of a line of v1. */
const plateOfLine = (line: string): Plate => {
  const letters = [...line.toUpperCase()].map((letter) => GLYPHS.get(letter) ?? letter);
  const canonical = letters
    .filter((letter) => /[A-Z0-9]/.test(letter))
    .join('')
    .slice(0, 12);
  return { country: 'RU', canonical: canonical.padEnd(2, '0') };
};

const READS_PLATES: ReadonlySet<string> = new Set(['gate', 'barrier']);

/** Which devices know a plate, and the word about those that have learned it. */
const createProvisioning = ({ clock, world, events }: { clock: Clock; world: World; events: EventLog }) => ({
  provision: (points: readonly string[]): readonly Provisioning[] =>
    points.map((accessPointId) => ({
      accessPointId,
      state: world.accessPoint(accessPointId)?.connectivity === 'online' ? 'applied' : 'queued',
      error: null,
      since: clock().toISOString(),
    })),
  /** The permit once the device has learned it; undefined when it has nothing to learn. */
  applyAt(permit: VehiclePermit, accessPointId: string): VehiclePermit | undefined {
    const waits = (one: Provisioning) => one.accessPointId === accessPointId && one.state === 'queued';
    if (!permit.provisioning.some(waits)) return undefined;
    const since = clock().toISOString();
    const provisioning = permit.provisioning.map((one) =>
      waits(one) ? { ...one, state: 'applied' as const, since } : one,
    );
    return { ...permit, provisioning };
  },
  /** Told of the devices that know the plate now and did not before. */
  tellApplied({ id, provisioning }: VehiclePermit, before: readonly Provisioning[] = []): void {
    const known = new Set(before.flatMap(({ state, accessPointId }) => (state === 'applied' ? accessPointId : [])));
    for (const { accessPointId, state } of provisioning) {
      const siteId = world.accessPoint(accessPointId)?.siteId;
      if (state !== 'applied' || known.has(accessPointId) || siteId === undefined) continue;
      const data = { vehiclePermitId: id, accessPointId, direction: null, confidence: null };
      events.append({ type: 'vehicle.provisioned', siteId, data });
    }
  },
});

export const createVehicles = (deps: {
  clock: Clock;
  world: World;
  ledger: Ledger;
  events: EventLog;
  keep: Keep;
}): Vehicles => {
  const { clock, world, ledger, keep } = deps;
  const stock = createPermitStock();
  const save = (unitId: string, gone: readonly string[] = []) =>
    keep({ is: 'permits', unitId, permits: stock.of(unitId), gone });

  const { provision, applyAt, tellApplied } = createProvisioning(deps);
  const pointsOf = (unit: Unit) => world.accessPointsFor(unit).filter(({ kind }) => READS_PLATES.has(kind));
  const create = (unit: Unit, plate: Plate, terms: PermitTerms, line = plate.canonical): VehiclePermit => {
    const permit = {
      ...terms,
      id: createId('vp'),
      unitId: unit.id,
      plate,
      line,
      provisioning: provision(terms.points),
    };
    stock.put(permit);
    tellApplied(permit);
    return permit;
  };

  /** The list as it will be read again: the same lines in the same order. */
  const write = (unit: Unit, lines: readonly string[], added = () => {}, removed = () => {}): void => {
    const before = stock.of(unit.id);
    const wanted = new Set(lines);
    const gone = before.filter(({ line }) => !wanted.has(line));
    for (const permit of gone) {
      stock.drop(permit);
      removed();
    }
    const points = pointsOf(unit).map(({ id }) => id);
    const terms = { points, validFrom: clock().toISOString(), validUntil: null, autoOpen: true };
    for (const line of wanted) {
      const staying = before.filter((permit) => permit.line === line);
      for (const permit of staying) stock.moveLast(permit);
      if (staying.length > 0) continue;
      create(unit, plateOfLine(line), terms, line);
      added();
    }
    save(
      unit.id,
      gone.map(({ id }) => id),
    );
  };

  return {
    of: (unit) => stock.of(unit.id),
    permit: stock.permit,
    isGone: stock.isGone,
    add(unit, plate, terms, cause) {
      const permit = create(unit, plate, terms);
      ledger.record('plate.add', unit.id, cause);
      save(unit.id);
      return permit;
    },
    update(permit, terms) {
      const changed = { ...permit, ...terms };
      if (terms.points) changed.provisioning = provision(terms.points);
      stock.put(changed);
      tellApplied(changed, permit.provisioning);
      save(permit.unitId);
      return changed;
    },
    remove(permit, cause) {
      stock.drop(permit);
      ledger.record('plate.remove', permit.unitId, cause);
      save(permit.unitId, [permit.id]);
    },
    applyQueued(accessPointId) {
      for (const permit of stock.all()) {
        const applied = applyAt(permit, accessPointId);
        if (!applied) continue;
        stock.put(applied);
        tellApplied(applied, permit.provisioning);
        save(permit.unitId);
      }
    },
    replace(unit, lines, cause) {
      write(
        unit,
        lines,
        () => ledger.record('plate.add', unit.id, cause),
        () => ledger.record('plate.remove', unit.id, cause),
      );
    },
    seed: (unit, lines) => write(unit, lines),
    restore: stock.restore,
    pointsOf,
  };
};
