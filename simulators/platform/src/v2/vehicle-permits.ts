/** Number plates as v2 keeps them: single permits with an entity tag, a validity and a state per device. */
import type { Answer, Call, Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import type { PermitTerms, Plate, VehiclePermit } from '../vehicles.ts';
import type { Unit } from '../world.ts';
import { refuseOutdated, tagged } from './etag.ts';
import { accepted } from './operation-answers.ts';
import { page } from './page.ts';
import { notImplemented, problem } from './problem.ts';

type PermitBody = PermitTerms & { plate: Plate | { jwe: string } };

/** Letters of a Russian plate: those that look alike in both alphabets. */
const RU_PLATE = /^[ABEKMHOPCTYX]\d{3}[ABEKMHOPCTYX]{2}\d{2,3}$/;

const presentPermit = (permit: VehiclePermit) => ({
  id: permit.id,
  unitId: permit.unitId,
  plate: permit.plate,
  points: permit.points,
  validFrom: permit.validFrom,
  validUntil: permit.validUntil,
  autoOpen: permit.autoOpen,
  provisioning: permit.provisioning,
});

export const createVehiclePermitHandlers = (simulation: Simulation): Handlers => {
  const { world, vehicles, operations } = simulation;
  const visible = (siteId: number | undefined): boolean =>
    siteId !== undefined && world.speaks(siteId, 'vehicles') === 'v2';
  const unitOf = (call: Call): Unit | undefined => {
    const unit = world.unit(String(call.params.id));
    return visible(unit?.siteId) ? unit : undefined;
  };
  /** The permit of the path, or the refusal. */
  const permitOf = (call: Call): { permit: VehiclePermit; siteId: number } | Answer => {
    const id = String(call.params.id);
    if (vehicles.isGone(id)) return problem('gone', { traceId: call.traceId });
    const permit = vehicles.permit(id);
    const siteId = permit && world.unit(permit.unitId)?.siteId;
    return permit && siteId !== undefined && visible(siteId)
      ? { permit, siteId }
      : problem('not-found', { traceId: call.traceId });
  };
  const reaches = (unit: Unit, points: readonly string[]): boolean =>
    points.every((point) => unit.accessPoints.includes(point));

  return {
    listUnitVehiclePermits(call) {
      const unit = unitOf(call);
      return unit ? page(vehicles.of(unit), presentPermit, call) : problem('not-found', { traceId: call.traceId });
    },

    createVehiclePermit(call) {
      const { traceId, clientId } = call;
      const { plate, ...terms } = call.body as PermitBody;
      const key = call.received.headers['idempotency-key'] ?? '';
      const unit = unitOf(call);
      if (!unit || !reaches(unit, terms.points)) return problem('not-found', { traceId });
      if ('jwe' in plate) return notImplemented(traceId);
      if (plate.country === 'RU' && !RU_PLATE.test(plate.canonical)) return problem('plate-invalid', { traceId });
      return accepted(
        operations.promise({
          clientId,
          key,
          fingerprint: call.fingerprint,
          siteId: unit.siteId,
          traceId,
          expiresAt: null,
          order: { kind: 'plate.add', unitId: unit.id, plate, terms },
        }),
      );
    },

    readVehiclePermit(call) {
      const found = permitOf(call);
      return 'permit' in found ? tagged(presentPermit(found.permit), call) : found;
    },

    updateVehiclePermit(call) {
      const found = permitOf(call);
      if (!('permit' in found)) return found;
      const { permit } = found;
      const refusal = refuseOutdated(presentPermit(permit), call);
      if (refusal) return refusal;
      const terms = call.body as Partial<PermitTerms>;
      const unit = world.unit(permit.unitId);
      if (terms.points && unit && !reaches(unit, terms.points)) return problem('not-found', { traceId: call.traceId });
      return tagged(presentPermit(vehicles.update(permit, terms)), call);
    },

    deleteVehiclePermit(call) {
      const found = permitOf(call);
      if (!('permit' in found)) return found;
      const { permit, siteId } = found;
      const refusal = refuseOutdated(presentPermit(permit), call);
      if (refusal) return refusal;
      const key = call.received.headers['idempotency-key'] ?? '';
      return accepted(
        operations.promise({
          clientId: call.clientId,
          key,
          fingerprint: call.fingerprint,
          siteId,
          traceId: call.traceId,
          expiresAt: null,
          order: { kind: 'plate.remove', permitId: permit.id },
        }),
      );
    },
  };
};
