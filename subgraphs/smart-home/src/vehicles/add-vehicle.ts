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
import type { PlateBudget } from './plate-budget.ts';
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

/** `isNew`: it was promised just now, and is shown as it was promised, however far its delivery has come meanwhile. */
export type Addition = { operation: OperationRecord; isNew: boolean };

const AS_PROMISED = {
  state: 'ACCEPTED',
  attempts: 0,
  finishedAt: null,
  errorCode: null,
  platformVersion: null,
} as const;

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
 * Promises that the platform will be told of the plate. The answer is the same whether the plate is new, on the list
 * already, known to somebody else or unwelcome at the platform, and nothing here asks which of these it is. Nor does the
 * operation tell (ends-alike.ts).
 */
export const createAddVehicle =
  ({
    accept,
    standings,
    bindings,
    directory,
    platform,
    vehicles,
    plateBudget,
    random,
  }: {
    accept: Accept;
    standings: Standings;
    bindings: Bindings;
    directory: AccessPointDirectory;
    platform: Platform;
    vehicles: VehicleStore;
    plateBudget: PlateBudget;
    random: Random;
  }) =>
  async ({ principal, deadline }: Asker, { idempotencyKey, ...input }: AddVehicle): Promise<Addition> => {
    let promised: string | undefined;
    const operation = await accept({
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
        const { complexId, siteId } = premises;
        const keptUntil = await plateBudget.spend({ subject, idempotencyKey, siteId, plate, at: now, deadline });
        return {
          premisesId,
          class: 'write',
          orderKey: plateOrderKey(premisesId),
          notAfter: later(now, CLASSES.write.lifeMs),
          bind: async (transaction) => {
            const own = await vehicles.ownOf(transaction, { subject, premisesId, complexId, plate });
            // Counted for one of the list too, so that both cost the same.
            const count = await vehicles.countIn(transaction, premisesId);
            if (!own) requireFreePlace(count);
            const id = own ?? `ve_${Buffer.from(random(16)).toString('base64url')}`;
            return {
              objectId: id,
              body: { subject, permitId: id, ...(keptUntil && { keptUntil: keptUntil.toISOString() }) },
              store: async (operation) => {
                promised = operation.id;
                await vehicles.put(transaction, {
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
                });
              },
            };
          },
        };
      },
    });
    const isNew = operation.id === promised;
    return { operation: isNew ? { ...operation, ...AS_PROMISED } : operation, isNew };
  };
