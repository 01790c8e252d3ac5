import type { Clock } from '@house/kernel/clock';
import { payload } from '@house/kernel/payload';
import type { KnownAccessPoint } from '../access/access.ts';
import type { Context } from '../context.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import type { Asker, OperationRecord } from '../operations/operations.ts';
import { vehiclesVisible } from '../policy.ts';
import type { Addition, AddVehicle } from './add-vehicle.ts';
import type { RemoveVehicle } from './remove-vehicle.ts';
import { maskPlate } from './rules.ts';
import type { VehiclePermitRecord } from './store.ts';

/** The permit's points as far as they are known now; none while the platform cannot be asked and nothing is known. */
const pointsOf = async (
  { premisesId, accessPointIds }: VehiclePermitRecord,
  { accessPoints }: Context,
): Promise<KnownAccessPoint[]> =>
  ((await accessPoints.load(premisesId)) ?? []).filter(({ id }) => accessPointIds.includes(id));

const visibleTo = async (
  permit: VehiclePermitRecord,
  { principal, standing, premises }: Context,
  now: Date,
): Promise<boolean> => {
  const bound = await premises.load(permit.premisesId);
  if (!bound) return false;
  const visible = vehiclesVisible(principal, await standing(), bound, now);
  return visible === 'all' || (visible === 'own' && permit.subject === principal.subject);
};

/** How far its delivery has come by the time of the answer would tell how quick it was. */
const asPromised = (vehicle: VehiclePermitRecord, at: Date): VehiclePermitRecord => ({
  ...vehicle,
  provisioning: 'QUEUED',
  provisioningError: null,
  provisioningSince: at,
});

export const createVehicleResolvers = ({
  addVehicle,
  removeVehicle,
  clock,
}: {
  addVehicle: (asker: Asker, input: AddVehicle) => Promise<Addition>;
  removeVehicle: (asker: Asker, input: RemoveVehicle) => Promise<OperationRecord>;
  clock: Clock;
}): Resolvers => ({
  Mutation: {
    addVehicle: (_, { input }, context) =>
      payload<{ operation: OperationRecord | null; vehicle: VehiclePermitRecord | null }>(
        async () => {
          const { operation, isNew } = await addVehicle(context, input);
          // Changed just now: what this request has read of it before is old.
          const { objectId, createdAt } = operation;
          const vehicle = (await context.permit.clear(objectId).load(objectId)) ?? null;
          return { operation, vehicle: vehicle && isNew ? asPromised(vehicle, createdAt) : vehicle };
        },
        { operation: null, vehicle: null },
      ),
    removeVehicle: (_, { input }, context) =>
      payload<{ operation: OperationRecord | null }>(async () => ({ operation: await removeVehicle(context, input) }), {
        operation: null,
      }),
  },
  Premises: {
    vehicles: async ({ id }, _, context) => {
      const permits = await context.permitsOf.load(id);
      const shown = await Promise.all(permits.map((permit) => visibleTo(permit, context, clock())));
      return permits.filter((_permit, index) => shown[index]);
    },
  },
  VehiclePermit: {
    __resolveReference: async ({ id }, context) => {
      const found = await context.permit.load(id);
      return found && (await visibleTo(found, context, clock())) ? found : null;
    },
    plate: ({ plate }) => maskPlate(plate),
    country: ({ plate }) => plate.country,
    accessPoints: (permit, _, context) => pointsOf(permit, context),
    // The platform confirms a permit as a whole, so all of its points are in the same state.
    provisioning: async (permit, _, context) =>
      (await pointsOf(permit, context)).map((accessPoint) => ({
        accessPoint,
        state: permit.provisioning,
        error: permit.provisioningError,
        since: permit.provisioningSince,
      })),
  },
});
