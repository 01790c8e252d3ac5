import type { Clock } from '@house/kernel/clock';
import type { Command, Handler } from '@house/kernel/outbox';
import { z } from 'zod';
import type { Bindings } from '../bindings.ts';
import type { OperationStore } from '../operations/operations.ts';
import type { Access, OpenOrder, Platform } from '../platform/platform.ts';
import { beforeSending, outcomeOf } from '../platform/platform.ts';
import { openRefusal } from '../policy.ts';
import { onBehalfOf, type Standings } from '../standing.ts';
import type { AccessPointDirectory } from './directory.ts';
import type { SentOpens } from './sent-opens.ts';

const body = z.object({ subject: z.string(), premisesId: z.string(), accessPointId: z.string() });
export type OpenBody = z.output<typeof body>;

/** Delivers one open: the right to it is decided again now, and the platform is told until when it counts. */
export const createDeliverOpen = ({
  platform,
  standings,
  bindings,
  directory,
  operations,
  sentOpens,
  clock,
}: {
  platform: Pick<Platform, 'access'>;
  standings: Pick<Standings, 'fresh'>;
  bindings: Pick<Bindings, 'premises' | 'subjectRef'>;
  directory: Pick<AccessPointDirectory, 'known'>;
  operations: Pick<OperationStore, 'platformVersionOf' | 'setPlatformVersion' | 'platformRefOf' | 'setPlatformRef'>;
  sentOpens: SentOpens;
  clock: Clock;
}): Handler => {
  const prepare = async (command: Command): Promise<{ access: Access; order: OpenOrder } | undefined> => {
    const { subject, premisesId, accessPointId } = body.parse(command.body);
    const [premises] = await bindings.premises([premisesId]);
    const point = premises && (await directory.known(premises)).find(({ id }) => id === accessPointId);
    if (!premises?.unit || !point) return undefined;
    // What may be on its way already is asked about, and repeated, only where its key is known.
    const isOnItsWay = command.uncertain || command.phase === 'confirm';
    const sentBy = isOnItsWay ? await operations.platformVersionOf(command.id) : undefined;
    const access = await beforeSending(platform.access(premises.siteId, sentBy));
    await operations.setPlatformVersion(command.id, access.version);
    return {
      access,
      order: {
        key: command.id,
        unit: premises.unit,
        accessPoint: point.ref,
        actuation: point.actuation,
        subjectRef: await bindings.subjectRef(subject, premises.siteId),
        notAfter: command.notAfter,
        attempts: command.attempts,
        // Unknown only for what an older release handed over; it was not earlier than this.
        sentAt: command.sentAt ?? command.createdAt,
        operationRef: isOnItsWay ? await operations.platformRefOf(command.id) : null,
        others: () =>
          sentOpens.besides({ operationId: command.id, premisesId, accessPointId, since: command.createdAt }),
      },
    };
  };

  return {
    permit: async (command) => {
      const { subject, premisesId } = body.parse(command.body);
      const now = clock();
      const refusal = openRefusal(await standings.fresh(onBehalfOf(subject, command.id, now)), premisesId, now);
      return refusal && 'NO_LONGER_ALLOWED';
    },
    send: async (command, signal) => {
      try {
        const prepared = await prepare(command);
        if (!prepared) return { is: 'failed', code: 'NOT_FOUND' };
        const outcome = await prepared.access.open(prepared.order, signal);
        if (outcome.is === 'pending' && outcome.ref) await operations.setPlatformRef(command.id, outcome.ref);
        return outcome;
      } catch (error) {
        // Only what comes before the request throws: the translators answer for the request itself.
        return outcomeOf(error, { repeatable: false, next: 'ask' });
      }
    },
    confirm: async (command, signal) => {
      try {
        const prepared = await prepare(command);
        return prepared ? await prepared.access.outcome(prepared.order, signal) : { is: 'ambiguous', next: 'nothing' };
      } catch (error) {
        outcomeOf(error, { repeatable: false, next: 'ask' });
        return { is: 'ambiguous', next: 'ask' };
      }
    },
  };
};
