/** Opening and number plates by v1: done at once or not at all, and 404 for whatever went wrong. */
import type { Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import type { Unit } from '../world.ts';
import { enveloped, notFound } from './envelope.ts';

export const createAccessHandlers = (simulation: Simulation): Handlers => {
  const { world, vehicles, doors, timers, stall, deviceLatencyMs, quirks } = simulation;
  const flatOf = (id: unknown, resource: 'accessPoints' | 'vehicles'): Unit | undefined => {
    const unit = world.unitByLegacyId(Number(id));
    return unit && world.speaks(unit.siteId, resource) === 'v1' ? unit : undefined;
  };
  return {
    async openDoor(call) {
      const { doorId, flatId } = call.body as { doorId: number; flatId: number };
      const unit = flatOf(flatId, 'accessPoints');
      const accessPoint = world.accessPointByDoor(Number(call.params.id), doorId);
      if (!unit || !accessPoint || !unit.accessPoints.includes(accessPoint.id)) return notFound();
      if (accessPoint.busy || accessPoint.lockedDown || accessPoint.connectivity === 'offline') return notFound();
      await timers.after(deviceLatencyMs);
      await stall.passed();
      return doors.actuate(accessPoint, { apiVersion: 'v1', unitId: unit.id, performedVia: 'app' }) === 'opened'
        ? { status: 204 }
        : notFound();
    },

    readCars(call) {
      const unit = flatOf(call.params.flatId, 'vehicles');
      if (!unit) return notFound();
      const lines = new Set(vehicles.of(unit).map(({ line }) => line));
      if (lines.size === 0) return quirks.has('404-as-empty') ? notFound() : enveloped();
      return enveloped({ flatId: unit.legacyId, cars: [...lines].join('\n') });
    },

    /** The whole list is replaced: whoever writes last wins. */
    writeCars(call) {
      const unit = flatOf(call.params.flatId, 'vehicles');
      const { cars, flatId } = call.body as { cars: string; flatId?: number };
      if (!unit || (flatId !== undefined && flatId !== unit.legacyId)) return notFound();
      vehicles.replace(unit, cars.split('\n').filter(Boolean), { apiVersion: 'v1' });
      return { status: 204 };
    },
  };
};
