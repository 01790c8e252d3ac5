import { later } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import { CLASSES } from '@house/kernel/outbox';
import type { Accept, Asker, OperationRecord } from '../operations/operations.ts';
import { removeVehicleRefusal } from '../policy.ts';
import type { Standings } from '../standing.ts';
import { plateOrderKey } from './add-vehicle.ts';
import type { VehicleStore } from './store.ts';

export type RemoveVehicle = { vehicleId: string; idempotencyKey: string };

/** Promises that the platform will forget the plate. Another person's vehicle is not found. */
export const createRemoveVehicle =
  ({ accept, standings, vehicles }: { accept: Accept; standings: Standings; vehicles: VehicleStore }) =>
  ({ principal, deadline }: Asker, { idempotencyKey, ...input }: RemoveVehicle): Promise<OperationRecord> =>
    accept({
      kind: 'VEHICLE_REMOVE',
      subject: principal.subject,
      idempotencyKey,
      input,
      deadline,
      plan: async (now) => {
        const path = ['input', 'vehicleId'];
        const [permit] = await vehicles.byIds([input.vehicleId]);
        if (!permit || permit.provisioning === 'REMOVED') throw new HouseError('NOT_FOUND', { path });
        const refusal = removeVehicleRefusal(
          await standings.fresh(principal, deadline),
          permit,
          principal.subject,
          now,
        );
        if (refusal) throw new HouseError(refusal, { path });
        return {
          premisesId: permit.premisesId,
          class: 'write',
          orderKey: plateOrderKey(permit.premisesId),
          notAfter: later(now, CLASSES.write.lifeMs),
          bind: async (transaction) => {
            if (!(await vehicles.hold(transaction, permit.id))) throw new HouseError('NOT_FOUND', { path });
            return {
              objectId: permit.id,
              body: { subject: principal.subject, permitId: permit.id },
              store: ({ id, createdAt }) => vehicles.takeBack(transaction, permit.id, id, createdAt),
            };
          },
        };
      },
    });
