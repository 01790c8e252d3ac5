import { later } from '@house/kernel/clock';
import type { Queryable } from '@house/kernel/database';
import { type Change, CLASSES, type OutboxStore } from '@house/kernel/outbox';
import { z } from 'zod';
import { plateOrderKey } from './add-vehicle.ts';
import type { VehicleStore } from './store.ts';

const body = z.object({ subject: z.string(), premisesId: z.string() });

/** Whoever was taken off the unit leaves no plate behind that opens its barrier: each is taken back, before other writes. */
export const createForgetVehicles =
  ({ vehicles, outbox }: { vehicles: VehicleStore; outbox: OutboxStore }) =>
  async (transaction: Queryable, { command, state, at }: Change): Promise<void> => {
    if (state !== 'SUCCEEDED') return;
    const { subject, premisesId } = body.parse(command.body);
    // Before any row of the premises is held: whoever accepts takes them in this order too.
    await outbox.lockOrder(transaction, plateOrderKey(premisesId));
    for (const [index, permitId] of (await vehicles.idsOf(transaction, subject, premisesId)).entries()) {
      const id = `${command.id}.${index}`;
      await vehicles.takeBack(transaction, permitId, id, at);
      await outbox.put(transaction, {
        id,
        kind: 'VEHICLE_REMOVE',
        class: 'safety',
        orderKey: plateOrderKey(premisesId),
        body: { subject, permitId },
        createdAt: at,
        notAfter: later(at, CLASSES.safety.lifeMs),
      });
    }
  };
