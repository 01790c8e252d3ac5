import type { Clock } from '@house/kernel/clock';
import type { Command, Handler, Outcome } from '@house/kernel/outbox';
import { z } from 'zod';
import type { Bindings } from '../bindings.ts';
import { beforeSending, outcomeOf, type Platform } from '../platform/platform.ts';
import { membershipIn } from '../policy.ts';
import { onBehalfOf, type Standings } from '../standing.ts';

const body = z.object({ subject: z.string(), premisesId: z.string() });
/** Taking off what is off already changes nothing. */
const ALLOWED = { repeatable: true, next: 'repeat' } as const;

/**
 * Takes a person who no longer belongs to the premises off the platform's unit. The owners subgraph puts the command into
 * the transaction that ends the membership; it goes before everything else and is never given up.
 */
export const createRemoveSubject = ({
  platform,
  standings,
  bindings,
  clock,
}: {
  platform: Pick<Platform, 'access'>;
  standings: Standings;
  bindings: Bindings;
  clock: Clock;
}): Handler => {
  const remove = async (command: Command, signal: AbortSignal): Promise<Outcome> => {
    const { subject, premisesId } = body.parse(command.body);
    try {
      const [premises] = await bindings.premises([premisesId]);
      const subjectRef = premises && (await bindings.findSubjectRef(subject, premises.siteId));
      // Where the platform has nothing, or has never heard of the person, there is nothing to take off.
      if (!premises?.unit || !subjectRef) return { is: 'succeeded' };
      const access = await beforeSending(platform.access(premises.siteId));
      return await access.removeSubject({ unit: premises.unit, subjectRef }, signal);
    } catch (error) {
      return outcomeOf(error, ALLOWED);
    }
  };
  return {
    permit: async (command) => {
      const { subject, premisesId } = body.parse(command.body);
      const now = clock();
      const standing = await standings.fresh(onBehalfOf(subject, command.id, now));
      return membershipIn(standing, premisesId, now) ? 'NO_LONGER_ALLOWED' : null;
    },
    send: remove,
    confirm: remove,
  };
};
