import type { Clock } from '@house/kernel/clock';
import type { Change, Command, Outcome } from '@house/kernel/outbox';
import { z } from 'zod';
import type { AccessPointDirectory } from '../access/access.ts';
import type { Bindings } from '../bindings.ts';
import type { OperationStore } from '../operations/operations.ts';
import type { Platform } from '../platform/platform.ts';
import { beforeSending, outcomeOf } from '../platform/platform.ts';
import { addVehicleRefusal } from '../policy.ts';
import { onBehalfOf, type Standings } from '../standing.ts';
import type { EndsAlike, Handed, VehicleCommand } from './ends-alike.ts';
import { coversAll } from './rules.ts';
import type { Provisioning, VehiclePermitRecord, VehicleStore } from './store.ts';

type Deps = {
  platform: Platform;
  standings: Standings;
  bindings: Bindings;
  directory: AccessPointDirectory;
  vehicles: VehicleStore;
  operations: OperationStore;
  endsAlike: EndsAlike;
  clock: Clock;
};

/**
 * `keptUntil`: beyond the budget of its plate; the platform hears of it only then. `operationId`: of whoever asked for it,
 * where this command is another one that goes out then.
 */
const body = z.object({
  subject: z.string(),
  permitId: z.string(),
  keptUntil: z.coerce.date().optional(),
  operationId: z.string().optional(),
});

/** Until when it is kept from the platform; undefined: its time had come when its turn came, as after a replay. */
const keptFor = ({ body: told, sentAt, createdAt }: Command): Date | undefined => {
  const { keptUntil } = body.parse(told);
  return keptUntil && (sentAt ?? createdAt) < keptUntil ? keptUntil : undefined;
};

/** Every state is recorded again and again; this is the moment before it leaves. */
const isHandingOver = ({ command: { sentAt }, state, at }: Change): boolean =>
  state === 'SENT' && sentAt?.getTime() === at.getTime();

/** What a translator says of a plate that was added. */
const made = z.object({ platformRef: z.string().optional() });
const ALLOWED = { repeatable: true, next: 'repeat' } as const;

const createPrepare =
  ({ platform, bindings, directory, vehicles, operations }: Deps) =>
  async (command: Command, wasTold: (permit: VehiclePermitRecord) => boolean): Promise<Handed | undefined> => {
    const { permitId } = body.parse(command.body);
    const [permit] = await vehicles.byIds([permitId]);
    const [premises] = permit ? await bindings.premises([permit.premisesId]) : [];
    if (!permit || !premises?.unit) return undefined;
    const points = await directory.known(premises);
    const sentBy = command.phase === 'confirm' ? await operations.platformVersionOf(command.id) : undefined;
    const translator = await beforeSending(platform.vehicles(premises.siteId, sentBy));
    await operations.setPlatformVersion(command.id, translator.version);
    const chosen = points.filter(({ id }) => permit.accessPointIds.includes(id));
    return {
      command,
      premises,
      translator,
      order: {
        key: command.id,
        sentAt: command.sentAt ?? command.createdAt,
        operationRef: command.phase === 'confirm' ? await operations.platformRefOf(command.id) : null,
        unit: premises.unit,
        plate: permit.plate,
        accessPoints: chosen.map(({ ref }) => ref),
        everywhere: coversAll(chosen, points),
        validFrom: permit.validFrom,
        validUntil: permit.validUntil,
        autoOpen: permit.autoOpen,
        platformRef: permit.platformRef,
        isRepeat: command.attempts > 1 && command.class !== 'safety',
        told: wasTold(permit),
        others: await vehicles.othersOf(permit.id),
      },
    };
  };

/** One step towards the platform; what comes before the request throws, and means that nothing was sent. */
const createStep =
  (deps: Deps, wasTold: (command: Command) => (permit: VehiclePermitRecord) => boolean) =>
  async (command: Command, ask: (handed: Handed) => Promise<Outcome>): Promise<Outcome> => {
    try {
      const handed = await createPrepare(deps)(command, wasTold(command));
      if (!handed) return { is: 'failed', code: 'NOT_FOUND' };
      const outcome = await ask(handed);
      if (outcome.is === 'pending' && outcome.ref) await deps.operations.setPlatformRef(command.id, outcome.ref);
      return outcome;
    } catch (error) {
      return outcomeOf(error, ALLOWED);
    }
  };

const TAKEN_BACK: ReadonlySet<Provisioning> = new Set(['REMOVING', 'REMOVED']);

/**
 * Adding is decided again when its turn comes: membership, permission, suspension and consent may be gone by then. What
 * the platform makes of the plate is told to nobody whose it may not be (ends-alike.ts).
 */
export const createDeliverAdd = (deps: Deps): VehicleCommand => {
  const { vehicles, standings, endsAlike, clock } = deps;
  const step = createStep(
    deps,
    (command) =>
      ({ toldAt }) =>
        toldAt !== null && (toldAt < command.createdAt || command.attempts > 1),
  );
  return {
    permit: async (command) => {
      const { subject, permitId } = body.parse(command.body);
      const now = clock();
      const [permit] = await vehicles.byIds([permitId]);
      // Taken back: a plate need not open a barrier for the moment until it is removed, nor after an operator's replay.
      if (!permit || TAKEN_BACK.has(permit.provisioning)) return 'NO_LONGER_ALLOWED';
      const refusal = addVehicleRefusal(
        await standings.fresh(onBehalfOf(subject, command.id, now)),
        permit.premisesId,
        now,
      );
      return refusal && 'NO_LONGER_ALLOWED';
    },
    send: (command, signal) =>
      step(command, async (handed) => {
        const keptUntil = keptFor(command);
        return keptUntil
          ? endsAlike.postponed(handed, keptUntil, signal)
          : endsAlike.added(handed, await handed.translator.add(handed.order, signal));
      }),
    confirm: async (command, signal) => {
      const outcome = await step(command, async (handed) =>
        endsAlike.asked(handed, () => handed.translator.added(handed.order, signal)),
      );
      // Its day is over: it ends as undelivered instead of keeping those behind it waiting for an answer.
      return outcome.is === 'ambiguous' && clock() >= command.notAfter ? { is: 'ambiguous', next: 'repeat' } : outcome;
    },
    onChange: async (transaction, change) => {
      const { command, state, code, result, at } = change;
      const { permitId: id, operationId = command.id } = body.parse(command.body);
      // Its person was told long ago that it is there: what is shown changes only when that is not so, and back.
      const wasTold = operationId !== command.id;
      const follow = (provisioning: Provisioning, from?: Provisioning) =>
        vehicles.follow(transaction, { id, operationId, provisioning, error: code, at, ...(from && { from }) });
      if (isHandingOver(change) && !keptFor(command)) await vehicles.tell(transaction, id, at);
      if (state === 'SENT' && !wasTold) await follow('APPLYING');
      if (state === 'SUCCEEDED') {
        const { platformRef } = made.parse(result ?? {});
        if (platformRef) await vehicles.setPlatformRef(transaction, id, platformRef);
        await follow('APPLIED', wasTold ? 'FAILED' : undefined);
      }
      if (state === 'FAILED' || state === 'CANCELLED') await follow('FAILED');
      await endsAlike.changed(transaction, command, state);
    },
  };
};

/** On the platform, or on its way there, by a command that was asked for later than any removal that is still owed. */
const WANTED_AGAIN: ReadonlySet<Provisioning> = new Set(['APPLYING', 'APPLIED']);

/** Removing needs no permission any more: data that was to be taken back is taken back, unless it is wanted again. */
export const createDeliverRemove = (deps: Deps): VehicleCommand => {
  const { vehicles, endsAlike } = deps;
  const step = createStep(
    deps,
    () =>
      ({ toldAt }) =>
        toldAt !== null,
  );
  return {
    permit: async (command) => {
      const { permitId } = body.parse(command.body);
      const [permit] = await vehicles.byIds([permitId]);
      return permit && WANTED_AGAIN.has(permit.provisioning) ? 'NO_LONGER_ALLOWED' : null;
    },
    send: (command, signal) =>
      step(command, async (handed) =>
        endsAlike.removed(handed, await handed.translator.remove(handed.order, signal), signal),
      ),
    confirm: (command, signal) =>
      step(command, (handed) => endsAlike.asked(handed, () => handed.translator.removed(handed.order, signal))),
    onChange: async (transaction, { command, state, code, at }) => {
      const { permitId: id } = body.parse(command.body);
      const follow = (provisioning: Provisioning) =>
        vehicles.follow(transaction, { id, operationId: command.id, provisioning, error: code, at });
      if (state === 'SENT') await follow('REMOVING');
      if (state === 'SUCCEEDED') {
        await vehicles.untell(transaction, id);
        await follow('REMOVED');
      }
      if (state === 'FAILED' || state === 'CANCELLED') await follow('FAILED');
      await endsAlike.changed(transaction, command, state);
    },
  };
};
