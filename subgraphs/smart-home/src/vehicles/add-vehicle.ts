import { later, type Random } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import { CLASSES } from '@house/kernel/outbox';
import type { Deadline } from '@house/kernel/subgraph';
import type { AccessPointDirectory } from '../access/access.ts';
import type { Bindings, BoundPremises } from '../bindings.ts';
import type { Accept, Asker, OperationRecord } from '../operations/operations.ts';
import type { Platform } from '../platform/platform.ts';
import { PlatformFault } from '../platform/platform.ts';
import { addVehicleRefusal } from '../policy.ts';
import type { Standings } from '../standing.ts';
import { coversAll, parsePlate, requireComment, requireFreePlace, requirePeriod, requireVehicular } from './rules.ts';
import type { VehicleStore } from './store.ts';

export type AddVehicle = {
  premisesId: string;
  plate: string;
  country?: string | null | undefined;
  accessPointIds?: readonly string[] | null | undefined;
  validFrom?: Date | null | undefined;
  validUntil?: Date | null | undefined;
  autoOpen?: boolean | null | undefined;
  comment?: string | null | undefined;
  idempotencyKey: string;
};

/** Commands about the plates of one unit go out one after another: the first version knows only the whole list. */
export const plateOrderKey = (premisesId: string): string => `plates|${premisesId}`;

/** Where the version that serves the site cannot limit a plate, a limit is refused rather than silently dropped. */
const requireHonourable = async (
  platform: Platform,
  premises: BoundPremises,
  { limited, path, deadline }: { limited: boolean; path: string; deadline: Deadline },
): Promise<void> => {
  if (!limited) return;
  try {
    if ((await platform.capabilities(premises.siteId, deadline)).includes('PLATE_VALIDITY')) return;
  } catch (cause) {
    if (cause instanceof PlatformFault) throw new HouseError('PLATFORM_UNAVAILABLE', { cause });
    throw cause;
  }
  throw new HouseError('CAPABILITY_MISSING', { path: ['input', path] });
};

/**
 * Promises that the platform will know the plate. The answer is the same whether the plate is new, on the list
 * already, or known to somebody else: what became of it is told by the operation.
 */
export const createAddVehicle =
  ({
    accept,
    standings,
    bindings,
    directory,
    platform,
    vehicles,
    random,
  }: {
    accept: Accept;
    standings: Standings;
    bindings: Bindings;
    directory: AccessPointDirectory;
    platform: Platform;
    vehicles: VehicleStore;
    random: Random;
  }) =>
  ({ principal, deadline }: Asker, { idempotencyKey, ...input }: AddVehicle): Promise<OperationRecord> =>
    accept({
      kind: 'VEHICLE_ADD',
      subject: principal.subject,
      idempotencyKey,
      input,
      deadline,
      plan: async (now) => {
        const { premisesId } = input;
        const plate = parsePlate(input.plate, (input.country ?? 'RU').toUpperCase());
        const comment = requireComment(input.comment);
        const period = requirePeriod(input.validFrom, input.validUntil, now);
        const refusal = addVehicleRefusal(await standings.fresh(principal, deadline), premisesId, now);
        if (refusal) throw new HouseError(refusal, { path: ['input', 'premisesId'] });
        const [premises] = await bindings.premises([premisesId]);
        if (!premises) throw new HouseError('NOT_FOUND', { path: ['input', 'premisesId'] });
        if (!premises.unit) throw new HouseError('CAPABILITY_MISSING', { path: ['input', 'premisesId'] });

        const points = await directory.known(premises);
        const chosen = requireVehicular(points, input.accessPointIds);
        if (chosen.length === 0) throw new HouseError('CAPABILITY_MISSING', { path: ['input', 'premisesId'] });
        await requireHonourable(platform, premises, {
          limited: period.until !== null || period.from > now,
          path: 'validUntil',
          deadline,
        });
        await requireHonourable(platform, premises, {
          limited: !coversAll(chosen, points),
          path: 'accessPointIds',
          deadline,
        });
        await requireHonourable(platform, premises, { limited: input.autoOpen === false, path: 'autoOpen', deadline });

        const { subject } = principal;
        const { complexId } = premises;
        return {
          premisesId,
          class: 'write',
          orderKey: plateOrderKey(premisesId),
          notAfter: later(now, CLASSES.write.lifeMs),
          bind: async (transaction) => {
            const own = await vehicles.ownOf(transaction, { subject, premisesId, complexId, plate });
            if (!own) requireFreePlace(await vehicles.countIn(transaction, premisesId));
            const id = own ?? `ve_${Buffer.from(random(16)).toString('base64url')}`;
            return {
              objectId: id,
              body: { subject, permitId: id },
              store: (operation) =>
                vehicles.put(transaction, {
                  id,
                  premisesId,
                  complexId,
                  subject,
                  plate,
                  comment,
                  validFrom: period.from,
                  validUntil: period.until,
                  autoOpen: input.autoOpen ?? true,
                  accessPointIds: chosen.map((point) => point.id),
                  operationId: operation.id,
                  createdAt: operation.createdAt,
                }),
            };
          },
        };
      },
    });
