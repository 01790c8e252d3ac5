/**
 * Number plates that open barriers: one stock, whichever version asks. v2 sees permits, v1 sees the list of a flat.
 *
 * Nothing is unique here: a client that asks twice gets two permits, and the ledger tells.
 */
import type { Clock } from '@house/kernel/clock';
import { createId } from './ids.ts';
import type { Cause, Ledger } from './ledger.ts';
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

export const createVehicles = (deps: { clock: Clock; world: World; ledger: Ledger }): Vehicles => {
  const { clock, world, ledger } = deps;
  const permits = new Map<string, VehiclePermit>();
  const gone = new Set<string>();

  const provision = (points: readonly string[]): readonly Provisioning[] =>
    points.map((accessPointId) => ({
      accessPointId,
      state: world.accessPoint(accessPointId)?.connectivity === 'online' ? 'applied' : 'queued',
      error: null,
      since: clock().toISOString(),
    }));
  const pointsOf = (unit: Unit) => world.accessPointsFor(unit).filter(({ kind }) => READS_PLATES.has(kind));
  const of = (unit: Unit) => [...permits.values()].filter(({ unitId }) => unitId === unit.id);
  const create = (unit: Unit, plate: Plate, terms: PermitTerms, line = plate.canonical): VehiclePermit => {
    const permit = {
      ...terms,
      id: createId('vp'),
      unitId: unit.id,
      plate,
      line,
      provisioning: provision(terms.points),
    };
    permits.set(permit.id, permit);
    return permit;
  };
  const drop = (permit: VehiclePermit) => {
    permits.delete(permit.id);
    gone.add(permit.id);
  };

  /** The list as it will be read again: the same lines in the same order. */
  const write = (unit: Unit, lines: readonly string[], added = () => {}, removed = () => {}): void => {
    const before = of(unit);
    const wanted = new Set(lines);
    for (const permit of before) {
      if (wanted.has(permit.line)) continue;
      drop(permit);
      removed();
    }
    const points = pointsOf(unit).map(({ id }) => id);
    const terms = { points, validFrom: clock().toISOString(), validUntil: null, autoOpen: true };
    for (const line of wanted) {
      const kept = before.filter((permit) => permit.line === line);
      for (const permit of kept) {
        permits.delete(permit.id);
        permits.set(permit.id, permit);
      }
      if (kept.length > 0) continue;
      create(unit, plateOfLine(line), terms, line);
      added();
    }
  };

  return {
    of,
    permit: (id) => permits.get(id),
    isGone: (id) => gone.has(id),
    add(unit, plate, terms, cause) {
      const permit = create(unit, plate, terms);
      ledger.record('plate.add', unit.id, cause);
      return permit;
    },
    update(permit, terms) {
      const changed = { ...permit, ...terms };
      if (terms.points) changed.provisioning = provision(terms.points);
      permits.set(permit.id, changed);
      return changed;
    },
    remove(permit, cause) {
      drop(permit);
      ledger.record('plate.remove', permit.unitId, cause);
    },
    applyQueued(accessPointId) {
      for (const permit of permits.values()) {
        if (!permit.provisioning.some((one) => one.accessPointId === accessPointId && one.state === 'queued')) continue;
        const since = clock().toISOString();
        const provisioning = permit.provisioning.map((one) =>
          one.accessPointId === accessPointId && one.state === 'queued'
            ? { ...one, state: 'applied' as const, since }
            : one,
        );
        permits.set(permit.id, { ...permit, provisioning });
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
    pointsOf,
  };
};
