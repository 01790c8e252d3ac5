/** Number plates' permits by id and by unit, in the order of a unit's list. */
import type { VehiclePermit } from './vehicles.ts';

export type PermitStock = {
  of(unitId: string): readonly VehiclePermit[];
  all(): readonly VehiclePermit[];
  permit(id: string): VehiclePermit | undefined;
  /** True for one that was dropped. */
  isGone(id: string): boolean;
  /** A known one stays at its place. */
  put(permit: VehiclePermit): void;
  moveLast(permit: VehiclePermit): void;
  drop(permit: VehiclePermit): void;
  /** The whole list of a unit, and ids that were dropped from it. */
  restore(unitId: string, permits: readonly VehiclePermit[], lost: readonly string[]): void;
};

export const createPermitStock = (): PermitStock => {
  const units = new Map<string, Map<string, VehiclePermit>>();
  const owners = new Map<string, string>();
  const gone = new Set<string>();
  const listOf = (unitId: string): Map<string, VehiclePermit> => {
    const known = units.get(unitId);
    if (known) return known;
    const list = new Map<string, VehiclePermit>();
    units.set(unitId, list);
    return list;
  };
  const put = (permit: VehiclePermit): void => {
    listOf(permit.unitId).set(permit.id, permit);
    owners.set(permit.id, permit.unitId);
  };
  return {
    of: (unitId: string): readonly VehiclePermit[] => [...(units.get(unitId)?.values() ?? [])],
    all: (): readonly VehiclePermit[] => [...units.values()].flatMap((list) => [...list.values()]),
    permit: (id: string): VehiclePermit | undefined => units.get(owners.get(id) ?? '')?.get(id),
    isGone: (id: string): boolean => gone.has(id),
    put,
    moveLast({ id, unitId }: VehiclePermit): void {
      const list = listOf(unitId);
      const permit = list.get(id);
      list.delete(id);
      if (permit) list.set(id, permit);
    },
    drop({ id, unitId }: VehiclePermit): void {
      listOf(unitId).delete(id);
      owners.delete(id);
      gone.add(id);
    },
    restore(unitId: string, permits: readonly VehiclePermit[], lost: readonly string[]): void {
      for (const id of listOf(unitId).keys()) owners.delete(id);
      units.delete(unitId);
      permits.forEach(put);
      for (const id of lost) gone.add(id);
    },
  };
};
