/**
 * Whoever adds a plate must not learn whether it is known to somebody else, or unwelcome: neither from the answer nor from
 * what becomes of the operation. So an addition that the platform refuses for good ends like one that it takes, in the same
 * states and at the same step, and is kept for the administration of the building; one beyond the plate's budget ends like
 * that too and goes out later. What says nothing of the plate is told: no way to the platform, a right that is gone, terms
 * that a site cannot keep, a request that the platform does not take from us, and whatever becomes of new terms for a plate
 * that it has from its person.
 *
 * The first version answers at once whatever it makes of a plate; of the second, the question after the answer ends every
 * command, also where the answer has told everything: it would be quicker for a plate that is known. It is asked a second
 * after the command went out at the earliest, so that one that reached no device ends no sooner than one that did.
 */

import type { Clock } from '@house/kernel/clock';
import { later } from '@house/kernel/clock';
import type { Database, Queryable } from '@house/kernel/database';
import {
  type Change,
  CLASSES,
  type Command,
  type CommandState,
  type Handler,
  type OutboxStore,
  type Outcome,
} from '@house/kernel/outbox';
import { z } from 'zod';
import type { BoundPremises } from '../bindings.ts';
import type { PlateOrder, PlateOutcome, Platform, Vehicles } from '../platform/platform.ts';
import { beforeSending } from '../platform/platform.ts';
import { plateOrderKey } from './add-vehicle.ts';
import type { PlateWatch } from './plate-watch.ts';
import type { VehicleStore } from './store.ts';
import type { Verdict, Verdicts } from './verdicts.ts';

export type VehicleCommand = Handler & {
  /** What an operation's change means for the permit, in the same transaction. */
  onChange(transaction: Queryable, change: Change): Promise<void>;
};

/** A command and how it was handed to the platform. */
export type Handed = { command: Command; premises: BoundPremises; translator: Vehicles; order: PlateOrder };

export type EndsAlike = {
  /** What an addition came to, as far as its person may learn it. */
  added(handed: Handed, outcome: PlateOutcome): Promise<Outcome>;
  removed(handed: Handed, outcome: PlateOutcome, signal: AbortSignal): Promise<Outcome>;
  /** The same for the answer to a question about either, which is asked when its time has come. */
  asked(handed: Handed, ask: () => Promise<PlateOutcome>): Promise<Outcome>;
  /** Keeps an addition from the platform until then. It fails as any other while the platform cannot be reached. */
  postponed(handed: Handed, until: Date, signal: AbortSignal): Promise<Outcome>;
  /** What is not needed when the command has ended is forgotten, in that transaction. */
  changed(transaction: Queryable, command: Command, state: CommandState): Promise<void>;
};

type Deps = {
  database: Database;
  platform: Pick<Platform, 'vehicles'>;
  vehicles: Pick<VehicleStore, 'untell'>;
  verdicts: Verdicts;
  outbox: Pick<OutboxStore, 'put'>;
  plateWatch: PlateWatch;
  clock: Clock;
};

const body = z.object({ subject: z.string(), permitId: z.string() });

/** Its time comes outside the order of the unit: nobody waits behind it. */
export const LATER_KIND = 'VEHICLE_ADD_LATER';

/**
 * No command ends sooner after it went out. Devices learn a plate in a fraction of a second; one that takes longer shows its
 * time. A multiple of that time would hold up the next command of the unit for nothing.
 */
const ASKED_AFTER_MS = 1_000;

const ENDED: ReadonlySet<CommandState> = new Set(['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED']);

const isRefused = (outcome: PlateOutcome): boolean => outcome.is === 'failed' && outcome.code === 'REFUSED_BY_PLATFORM';
/** Not to be told: a plate that the platform has from its person is no secret to them. */
const isRefusedPlate = ({ order }: Handed, outcome: PlateOutcome): boolean =>
  isRefused(outcome) && outcome.isOfPlate === true && order.platformRef === null;
const isUnanswered = (outcome: PlateOutcome): boolean =>
  outcome.is === 'ambiguous' && (outcome.next === 'ask' || outcome.isUnanswered === true);

/** Nothing is sent to take off what the platform does not have, or what it has for somebody else too. */
const isNothingToSend = ({ platformRef, told, others }: PlateOrder): boolean =>
  platformRef === null && (!told || others.length > 0);

/** Sends nothing, and costs and fails like what does. Nothing of it is on its way. */
const look = ({ translator, order }: Handed, signal: AbortSignal): Promise<PlateOutcome> =>
  translator.added({ ...order, sentAt: new Date(0) }, signal);

/** How long it is still too early to end the command. */
const waitMs = ({ command, translator }: Handed, now: Date): number => {
  if (translator.version === 'v1' || command.class === 'safety' || now >= command.notAfter) return 0;
  const wait = (command.sentAt ?? now).getTime() + ASKED_AFTER_MS - now.getTime();
  // Longer than it can be when the clock has been set back.
  return wait <= ASKED_AFTER_MS ? Math.max(0, wait) : 0;
};

const ended = (platformRef: string | null): Outcome => ({
  is: 'succeeded',
  ...(platformRef !== null && { result: { platformRef } }),
});

/** As the version ends what it takes. */
const endOf = ({ translator }: Handed): Outcome => (translator.version === 'v1' ? ended(null) : { is: 'pending' });

const createRecord =
  ({ verdicts, clock }: Pick<Deps, 'verdicts' | 'clock'>) =>
  (on: Queryable, { command }: Handed, verdict: Verdict): Promise<void> =>
    verdicts.put(on, {
      ...verdict,
      operationId: command.id,
      permitId: body.parse(command.body).permitId,
      at: clock(),
    });

const createPostponed = ({
  database,
  outbox,
  verdicts,
  plateWatch,
  clock,
}: Omit<Deps, 'platform' | 'vehicles'>): EndsAlike['postponed'] => {
  const record = createRecord({ verdicts, clock });
  return async (handed, until, signal) => {
    const { command, premises } = handed;
    const answer = await look(handed, signal);
    if (isUnanswered(answer)) return answer;
    const { subject, permitId } = body.parse(command.body);
    if (!(await verdicts.of(command.id))) {
      await database.transaction(async (transaction) => {
        await outbox.put(transaction, {
          id: `${command.id}.later`,
          kind: LATER_KIND,
          class: 'write',
          orderKey: null,
          body: {
            subject,
            permitId,
            operationId: command.id,
            premisesId: premises.id,
            keptUntil: until.toISOString(),
          },
          createdAt: clock(),
          notAfter: later(until, CLASSES.write.lifeMs),
        });
        await record(transaction, handed, { is: 'LATER', platformRef: null });
      });
      plateWatch.postponed(premises.siteId);
    }
    return endOf(handed);
  };
};

export const createEndsAlike = ({
  database,
  platform,
  vehicles,
  verdicts,
  outbox,
  plateWatch,
  clock,
}: Deps): EndsAlike => {
  const record = createRecord({ verdicts, clock });

  const refused = async (handed: Handed): Promise<void> => {
    const { command, order, premises } = handed;
    await database.transaction(async (transaction) => {
      await record(transaction, handed, { is: 'REFUSED', platformRef: null });
      // It certainly does not have it, unless from an earlier command or attempt.
      if (order.platformRef === null && !order.told && command.attempts <= 1 && !command.uncertain)
        await vehicles.untell(transaction, body.parse(command.body).permitId);
    });
    plateWatch.refused(premises.siteId, command.id);
  };

  /** A version that does not serve the site any more refuses whatever it is told: that is not about the plate. */
  const hasMoved = async ({ premises, translator }: Handed): Promise<boolean> =>
    (await beforeSending(platform.vehicles(premises.siteId))).version !== translator.version;

  /** Known, and to be told by the question. */
  const taken = async (handed: Handed, outcome: Outcome & { is: 'succeeded' }): Promise<Outcome> => {
    if (handed.translator.version === 'v1') return outcome;
    const { platformRef } = outcome.result ?? {};
    await record(database, handed, {
      is: 'TAKEN',
      platformRef: typeof platformRef === 'string' ? platformRef : null,
    });
    return { is: 'pending' };
  };

  /** The truth about a later attempt goes before what was known of an earlier one. */
  const told = async (handed: Handed, outcome: Outcome & { is: 'succeeded' }, verdict: Verdict): Promise<Outcome> => {
    if (verdict.is !== 'TAKEN') await record(database, handed, { is: 'TAKEN', platformRef: null });
    return outcome.result?.['platformRef'] === undefined && verdict.is === 'TAKEN'
      ? ended(verdict.platformRef)
      : outcome;
  };

  return {
    added: async (handed, outcome) => {
      if (outcome.is === 'succeeded') return taken(handed, outcome);
      if (!isRefused(outcome)) return outcome;
      if (await hasMoved(handed)) return { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true };
      if (!isRefusedPlate(handed, outcome)) return outcome;
      await refused(handed);
      return endOf(handed);
    },

    // What safety demands is nobody's operation, and not held up.
    removed: async (handed, outcome, signal) => {
      if (outcome.is !== 'succeeded' || handed.command.class === 'safety') return outcome;
      // One that is there waits for the platform too.
      if (isNothingToSend(handed.order) && isUnanswered(await look(handed, signal)))
        return { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' };
      return taken(handed, outcome);
    },

    asked: async (handed, ask) => {
      const { command } = handed;
      const wait = waitMs(handed, clock());
      if (wait > 0) return { is: 'ambiguous', next: 'ask', retryAfterMs: wait };
      const outcome = await ask();
      if (command.kind === 'VEHICLE_ADD' && isRefusedPlate(handed, outcome)) {
        await refused(handed);
        return ended(null);
      }
      const verdict = await verdicts.of(command.id);
      if (!verdict || outcome.is === 'pending') return outcome;
      if (outcome.is === 'succeeded') return told(handed, outcome, verdict);
      if (outcome.is === 'failed' && verdict.is === 'TAKEN') return outcome;
      // It tells nothing new, but while nobody answers nothing is told of others either.
      if (isUnanswered(outcome) && clock() < command.notAfter) return outcome;
      return ended(verdict.platformRef);
    },

    postponed: createPostponed({ database, outbox, verdicts, plateWatch, clock }),

    changed: async (transaction, command, state) => {
      if (ENDED.has(state)) await verdicts.ended(transaction, command.id);
    },
  };
};

const laterBody = body.extend({
  /** Of whoever asked for it. */
  operationId: z.string().optional(),
  premisesId: z.string(),
  keptUntil: z.coerce.date(),
});

/** PostgreSQL's word for a key that is there already. */
const UNIQUE_VIOLATION = '23505';

/** Waits until an addition may go out, and then gives it its place among the commands of the unit. */
export const createDeliverLater = ({
  database,
  outbox,
  vehicles,
  clock,
}: Pick<Deps, 'database' | 'outbox' | 'clock'> & { vehicles: Pick<VehicleStore, 'follow'> }): VehicleCommand => ({
  // Whether it may be is decided when its turn has come.
  permit: async () => null,
  send: async ({ id, body: told }) => {
    const { subject, permitId, operationId, premisesId, keptUntil } = laterBody.parse(told);
    const now = clock();
    if (now < keptUntil)
      return { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE', retryAfterMs: keptUntil.getTime() - now.getTime() };
    try {
      await database.transaction((transaction) =>
        outbox.put(transaction, {
          id: `${id}.due`,
          kind: 'VEHICLE_ADD',
          class: 'write',
          orderKey: plateOrderKey(premisesId),
          body: { subject, permitId, operationId },
          createdAt: now,
          notAfter: later(now, CLASSES.write.lifeMs),
        }),
      );
    } catch (error) {
      if ((error as { code?: unknown })?.code !== UNIQUE_VIOLATION) throw error;
    }
    return { is: 'succeeded' };
  },
  confirm: async () => ({ is: 'ambiguous', next: 'repeat' }),
  onChange: async (transaction, { command, state, code, at }) => {
    const { permitId: id, operationId } = laterBody.parse(command.body);
    // That it waited is shown to nobody; that it will never go out is.
    if (operationId !== undefined && (state === 'FAILED' || state === 'CANCELLED'))
      await vehicles.follow(transaction, { id, operationId, provisioning: 'FAILED', error: code, at });
  },
});
