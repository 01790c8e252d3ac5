/**
 * Whoever adds a plate must not learn whether it is known to somebody else, or unwelcome: neither from the answer nor from
 * what becomes of the operation. So an addition that the platform refuses for good ends like one that it takes, in the same
 * states and at the same step, and is kept for the administration of the building; one beyond the plate's budget ends like
 * that too and goes out later. What says nothing of the plate is told: no way to the platform, a right that is gone, terms
 * that a site cannot keep.
 *
 * The first version answers at once whatever it makes of a plate; of the second, the question after the answer ends every
 * command, also where the answer has told everything: it would be quicker for a plate that is known.
 */

import type { Clock } from '@house/kernel/clock';
import { later } from '@house/kernel/clock';
import type { Database, Queryable } from '@house/kernel/database';
import {
  CLASSES,
  type Command,
  type CommandState,
  type Handler,
  type OutboxStore,
  type Outcome,
} from '@house/kernel/outbox';
import { z } from 'zod';
import type { BoundPremises } from '../bindings.ts';
import type { PlateOrder, Platform, Vehicles } from '../platform/platform.ts';
import { beforeSending } from '../platform/platform.ts';
import { plateOrderKey } from './add-vehicle.ts';
import type { PlateWatch } from './plate-watch.ts';
import type { VehicleStore } from './store.ts';
import type { Verdict, Verdicts } from './verdicts.ts';

/** A command and how it was handed to the platform. */
export type Handed = { command: Command; premises: BoundPremises; translator: Vehicles; order: PlateOrder };

export type EndsAlike = {
  /** What an addition came to, as far as its person may learn it. */
  added(handed: Handed, outcome: Outcome): Promise<Outcome>;
  removed(handed: Handed, outcome: Outcome): Promise<Outcome>;
  /** The same for the answer to a question about either. */
  asked(handed: Handed, outcome: Outcome): Promise<Outcome>;
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

const ENDED: ReadonlySet<CommandState> = new Set(['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED']);

const isRefused = (outcome: Outcome): boolean => outcome.is === 'failed' && outcome.code === 'REFUSED_BY_PLATFORM';
const isUnanswered = (outcome: Outcome): boolean => outcome.is === 'ambiguous' && outcome.next === 'ask';

const ended = (platformRef: string | null): Outcome => ({
  is: 'succeeded',
  ...(platformRef !== null && { result: { platformRef } }),
});

export const createEndsAlike = ({
  database,
  platform,
  vehicles,
  verdicts,
  outbox,
  plateWatch,
  clock,
}: Deps): EndsAlike => {
  const record = (on: Queryable, { command }: Handed, verdict: Verdict): Promise<void> =>
    verdicts.put(on, {
      ...verdict,
      operationId: command.id,
      permitId: body.parse(command.body).permitId,
      at: clock(),
    });

  /** As the version ends what it takes. */
  const endOf = ({ translator }: Handed, platformRef: string | null): Outcome =>
    translator.version === 'v1' ? ended(platformRef) : { is: 'pending' };

  const refused = async (handed: Handed): Promise<void> => {
    const { command, order, premises } = handed;
    await database.transaction(async (transaction) => {
      await record(transaction, handed, { is: 'REFUSED', platformRef: null });
      // It certainly does not have it, unless from an earlier command or attempt.
      if (order.platformRef === null && command.attempts <= 1 && !command.uncertain)
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

  return {
    added: async (handed, outcome) => {
      if (outcome.is === 'succeeded') return taken(handed, outcome);
      if (!isRefused(outcome)) return outcome;
      if (await hasMoved(handed)) return { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true };
      await refused(handed);
      return endOf(handed, null);
    },

    // What safety demands is nobody's operation, and not held up.
    removed: async (handed, outcome) =>
      outcome.is === 'succeeded' && handed.command.class !== 'safety' ? taken(handed, outcome) : outcome,

    asked: async (handed, outcome) => {
      if (handed.command.kind === 'VEHICLE_ADD' && isRefused(outcome)) {
        await refused(handed);
        return ended(null);
      }
      const verdict = await verdicts.of(handed.command.id);
      if (!verdict) return outcome;
      // Nothing was handed over that it could tell of, but one that was is not told either while nobody answers.
      if (verdict.is !== 'TAKEN' && isUnanswered(outcome) && clock() < handed.command.notAfter) return outcome;
      return ended(verdict.platformRef);
    },

    postponed: async (handed, until, signal) => {
      const { command, order, translator, premises } = handed;
      // Sends nothing, and costs and fails like what does. Nothing of it is on its way.
      const answer = await translator.added({ ...order, sentAt: new Date(0) }, signal);
      if (isUnanswered(answer)) return answer;
      const { subject, permitId } = body.parse(command.body);
      if (!(await verdicts.of(command.id))) {
        await database.transaction(async (transaction) => {
          await outbox.put(transaction, {
            id: `${command.id}.later`,
            kind: LATER_KIND,
            class: 'write',
            orderKey: null,
            body: { subject, permitId, premisesId: premises.id, keptUntil: until.toISOString() },
            createdAt: clock(),
            notAfter: later(until, CLASSES.write.lifeMs),
          });
          await record(transaction, handed, { is: 'LATER', platformRef: null });
        });
        plateWatch.postponed(premises.siteId);
      }
      return endOf(handed, null);
    },

    changed: async (transaction, command, state) => {
      if (ENDED.has(state)) await verdicts.ended(transaction, command.id);
    },
  };
};

const laterBody = body.extend({ premisesId: z.string(), keptUntil: z.coerce.date() });

/** PostgreSQL's word for a key that is there already. */
const UNIQUE_VIOLATION = '23505';

/** Waits until an addition may go out, and then gives it its place among the commands of the unit. */
export const createDeliverLater = ({
  database,
  outbox,
  clock,
}: Pick<Deps, 'database' | 'outbox' | 'clock'>): Handler => ({
  // Whether it may be is decided when its turn has come.
  permit: async () => null,
  send: async ({ id, body: told }) => {
    const { subject, permitId, premisesId, keptUntil } = laterBody.parse(told);
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
          body: { subject, permitId },
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
});
