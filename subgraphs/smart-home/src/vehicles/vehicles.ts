/** Vehicles: number plates that open barriers, for as long as somebody who may says so. */
import type { Resolvers } from '../generated/resolvers.ts';
import { createAddVehicle } from './add-vehicle.ts';
import { createDeliverAdd, createDeliverRemove, type VehicleCommand } from './deliver-vehicle.ts';
import { createRemoveVehicle } from './remove-vehicle.ts';
import { createVehicleResolvers } from './resolvers.ts';

export { createForgetVehicles } from './forget-vehicles.ts';
export { createVehicleStore, type VehiclePermitRecord, type VehicleStore } from './store.ts';

export const createVehicles = (
  deps: Parameters<typeof createAddVehicle>[0] &
    Parameters<typeof createRemoveVehicle>[0] &
    Parameters<typeof createDeliverAdd>[0],
): { resolvers: Resolvers; commands: Record<'VEHICLE_ADD' | 'VEHICLE_REMOVE', VehicleCommand> } => ({
  resolvers: createVehicleResolvers({
    addVehicle: createAddVehicle(deps),
    removeVehicle: createRemoveVehicle(deps),
    clock: deps.clock,
  }),
  commands: { VEHICLE_ADD: createDeliverAdd(deps), VEHICLE_REMOVE: createDeliverRemove(deps) },
});
