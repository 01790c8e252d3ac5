/** Vehicles: number plates that open barriers, for as long as somebody who may says so. */
import type { Clock, Random } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { OutboxStore } from '@house/kernel/outbox';
import type { Telemetry } from '@house/kernel/telemetry';
import type { Vault } from '@house/kernel/vault';
import type { Resolvers } from '../generated/resolvers.ts';
import { createAddVehicle } from './add-vehicle.ts';
import { createDeliverAdd, createDeliverRemove } from './deliver-vehicle.ts';
import { createDeliverLater, createEndsAlike, LATER_KIND, type VehicleCommand } from './ends-alike.ts';
import { createPlateBudget, type PlateLimits } from './plate-budget.ts';
import { createPlateWatch } from './plate-watch.ts';
import { createRemoveVehicle } from './remove-vehicle.ts';
import { createVehicleResolvers } from './resolvers.ts';
import { createVerdicts } from './verdicts.ts';

export { answerInSteps } from './answer-in-steps.ts';
export { createForgetVehicles } from './forget-vehicles.ts';
export type { PlateLimits } from './plate-budget.ts';
export { createVehicleStore, type VehiclePermitRecord, type VehicleStore } from './store.ts';

type Deps = Omit<Parameters<typeof createAddVehicle>[0], 'plateBudget'> &
  Parameters<typeof createRemoveVehicle>[0] &
  Omit<Parameters<typeof createDeliverAdd>[0], 'endsAlike'> & {
    database: Database;
    vault: Vault;
    outbox: OutboxStore;
    telemetry: Telemetry;
    plateLimits: PlateLimits | undefined;
    clock: Clock;
    random: Random;
  };

export const createVehicles = (
  deps: Deps,
): {
  resolvers: Resolvers;
  commands: Record<'VEHICLE_ADD' | 'VEHICLE_REMOVE' | typeof LATER_KIND, VehicleCommand>;
} => {
  const plateBudget = createPlateBudget({ ...deps, limits: deps.plateLimits });
  const endsAlike = createEndsAlike({
    ...deps,
    verdicts: createVerdicts(deps),
    plateWatch: createPlateWatch(deps.telemetry),
  });
  return {
    resolvers: createVehicleResolvers({
      addVehicle: createAddVehicle({ ...deps, plateBudget }),
      removeVehicle: createRemoveVehicle(deps),
      clock: deps.clock,
    }),
    commands: {
      VEHICLE_ADD: createDeliverAdd({ ...deps, endsAlike }),
      VEHICLE_REMOVE: createDeliverRemove({ ...deps, endsAlike }),
      [LATER_KIND]: createDeliverLater(deps),
    },
  };
};
