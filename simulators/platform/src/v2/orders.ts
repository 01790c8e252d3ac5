/** What a promise of v2 is about: data, so that a platform that was killed still knows what it has promised. */
import type { Doors } from '../doors.ts';
import type { PermitTerms, Plate, Vehicles } from '../vehicles.ts';
import type { World } from '../world.ts';
import type { EffectOutcome, Operation } from './operations.ts';
import { problemOf } from './problem.ts';

export type Order =
  | {
      kind: 'open';
      accessPointId: string;
      unitId: string | null;
      subjectRef: string;
      performedVia: 'app' | 'concierge' | 'emergency';
    }
  | { kind: 'plate.add'; unitId: string; plate: Plate; terms: PermitTerms }
  | { kind: 'plate.remove'; permitId: string };

/** Does what was promised, at once; the ledger has it when something really happened. */
export const createCarryOut =
  ({ world, doors, vehicles }: { world: World; doors: Doors; vehicles: Vehicles }) =>
  ({ id, key, order, traceId }: Operation): EffectOutcome => {
    const cause = { apiVersion: 'v2', idempotencyKey: key } as const;
    const gone = () => ({ problem: problemOf('gone', { traceId }) });
    switch (order.kind) {
      case 'open': {
        const { accessPointId, kind: _, ...errand } = order;
        const accessPoint = world.accessPoint(accessPointId);
        if (!accessPoint) return gone();
        const outcome = doors.actuate(accessPoint, { ...errand, ...cause, operationId: id });
        if (outcome === 'opened') return { result: { accessPointId } };
        return outcome === 'offline'
          ? { problem: problemOf('device-offline', { traceId }) }
          : { problem: problemOf('state-conflict', { traceId, detail: 'The device is jammed.' }) };
      }
      case 'plate.add': {
        const unit = world.unit(order.unitId);
        if (!unit) return gone();
        return { result: { vehiclePermitId: vehicles.add(unit, order.plate, order.terms, cause).id } };
      }
      case 'plate.remove': {
        const permit = vehicles.permit(order.permitId);
        // Another removal came first: a plate that is not there can't be taken away.
        if (!permit) return gone();
        vehicles.remove(permit, cause);
        return { result: { vehiclePermitId: permit.id } };
      }
    }
  };
