import type { Clock } from '@house/kernel/clock';
import type { Queryable } from '@house/kernel/database';
import type { Change, Command, Handler } from '@house/kernel/outbox';
import { z } from 'zod';
import type { AccessPointDirectory } from '../access/access.ts';
import type { Bindings } from '../bindings.ts';
import type { OperationStore } from '../operations/operations.ts';
import type { PlateOrder, PlateOutcome, Platform, Vehicles } from '../platform/platform.ts';
import { beforeSending, outcomeOf } from '../platform/platform.ts';
import { addVehicleRefusal } from '../policy.ts';
import { onBehalfOf, type Standings } from '../standing.ts';
import type { Provisioning, VehiclePermitRecord, VehicleStore } from './store.ts';

export type VehicleCommand = Handler & {
  /** What an operation's change means for the permit, in the same transaction. */
  onChange(transaction: Queryable, change: Change): Promise<void>;
};

type Deps = {
  platform: Platform;
  standings: Standings;
  bindings: Bindings;
  directory: AccessPointDirectory;
  vehicles: VehicleStore;
  operations: OperationStore;
  clock: Clock;
};

const body = z.object({ subject: z.string(), permitId: z.string() });
const ALLOWED = { repeatable: true, next: 'repeat' } as const;

type Prepared = { translator: Vehicles; order: PlateOrder; permit: VehiclePermitRecord };

const createPrepare =
  ({ platform, bindings, directory, vehicles, operations }: Deps) =>
  async (command: Command): Promise<Prepared | undefined> => {
    const { permitId } = body.parse(command.body);
    const [permit] = await vehicles.byIds([permitId]);
    const [premises] = permit ? await bindings.premises([permit.premisesId]) : [];
    if (!permit || !premises?.unit) return undefined;
    const points = await directory.known(premises);
    const translator = await beforeSending(platform.vehicles(premises.siteId));
    await operations.setPlatformVersion(command.id, translator.version);
    return {
      translator,
      permit,
      order: {
        key: command.id,
        unit: premises.unit,
        plate: permit.plate,
        accessPoints: points.filter(({ id }) => permit.accessPointIds.includes(id)).map(({ ref }) => ref),
        validFrom: permit.validFrom,
        validUntil: permit.validUntil,
        autoOpen: permit.autoOpen,
        platformRef: permit.platformRef,
        shared: await vehicles.isShared(permit.id),
      },
    };
  };

/** One step towards the platform; what comes before the request throws, and means that nothing was sent. */
const createStep =
  (deps: Deps) =>
  async (command: Command, ask: (prepared: Prepared) => Promise<PlateOutcome>): Promise<PlateOutcome> => {
    try {
      const prepared = await createPrepare(deps)(command);
      if (!prepared) return { is: 'failed', code: 'NOT_FOUND' };
      const { platformRef, ...outcome } = await ask(prepared);
      if (platformRef) await deps.vehicles.setPlatformRef(prepared.permit.id, platformRef);
      return outcome;
    } catch (error) {
      return outcomeOf(error, ALLOWED);
    }
  };

const changeWith =
  ({ vehicles }: Deps, states: { sent: Provisioning; done: Provisioning; back: Provisioning }) =>
  async (transaction: Queryable, { command, state, code, at }: Change): Promise<void> => {
    const { permitId } = body.parse(command.body);
    if (state === 'SENT') await vehicles.setProvisioning(transaction, permitId, states.sent, null, at);
    if (state === 'SUCCEEDED') await vehicles.setProvisioning(transaction, permitId, states.done, null, at);
    if (state === 'FAILED' || state === 'CANCELLED')
      await vehicles.setProvisioning(transaction, permitId, states.back, code, at);
  };

/** Adding is decided again when its turn comes: membership, permission, suspension and consent may be gone by then. */
export const createDeliverAdd = (deps: Deps): VehicleCommand => {
  const step = createStep(deps);
  return {
    permit: async (command) => {
      const { subject, permitId } = body.parse(command.body);
      const now = deps.clock();
      const [permit] = await deps.vehicles.byIds([permitId]);
      if (!permit) return 'NO_LONGER_ALLOWED';
      const refusal = addVehicleRefusal(
        await deps.standings.fresh(onBehalfOf(subject, command.id, now)),
        permit.premisesId,
        now,
      );
      return refusal && 'NO_LONGER_ALLOWED';
    },
    send: (command, signal) => step(command, ({ translator, order }) => translator.add(order, signal)),
    confirm: (command, signal) => step(command, ({ translator, order }) => translator.added(order, signal)),
    onChange: changeWith(deps, { sent: 'APPLYING', done: 'APPLIED', back: 'FAILED' }),
  };
};

/** Removing needs no permission any more: data that was to be taken back is taken back. */
export const createDeliverRemove = (deps: Deps): VehicleCommand => {
  const step = createStep(deps);
  return {
    permit: async () => null,
    send: (command, signal) => step(command, ({ translator, order }) => translator.remove(order, signal)),
    confirm: (command, signal) => step(command, ({ translator, order }) => translator.removed(order, signal)),
    onChange: changeWith(deps, { sent: 'REMOVING', done: 'REMOVED', back: 'FAILED' }),
  };
};
