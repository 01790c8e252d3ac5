import { HouseError } from '@house/kernel/errors';
import type { Once } from '../once.ts';
import type { EndMemberships } from './end-memberships.ts';
import type { Asker, Households } from './household.ts';
import { leavesNoOwner } from './rules.ts';

export type RevokeMembership = { membershipId: string; reason?: string | null; idempotencyKey: string };

/** Takes a membership back at once. @returns its id. @throws HouseError `LAST_OWNER`, and what `lockFor` throws. */
export const createRevokeMembership =
  ({ once, households, end }: { once: Once; households: Households; end: EndMemberships }) =>
  (asker: Asker, { idempotencyKey, ...input }: RevokeMembership): Promise<string> =>
    once({
      kind: 'MEMBERSHIP_REVOKE',
      subject: asker.principal.subject,
      idempotencyKey,
      input,
      deadline: asker.deadline,
      effect: async (transaction, now) => {
        const { membership, household } = await households.lockFor(transaction, asker, input.membershipId, now);
        if (leavesNoOwner([membership], household))
          throw new HouseError('LAST_OWNER', { path: ['input', 'membershipId'] });
        await end(transaction, { ended: [membership], household }, now);
        return membership.id;
      },
    });
