import { HouseError } from '@house/kernel/errors';
import type { Once } from '../once.ts';
import type { EndMemberships } from './end-memberships.ts';
import type { Asker, Households } from './household.ts';
import { leavesNoOwner, strongest } from './rules.ts';

export type LeavePremises = { premisesId: string; idempotencyKey: string };

/**
 * Ends all that the asker is in the premises.
 * @returns the id of the membership that carried most.
 * @throws HouseError `NOT_FOUND` for premises that are none of the asker's, `LAST_OWNER`.
 */
export const createLeavePremises =
  ({ once, households, end }: { once: Once; households: Households; end: EndMemberships }) =>
  ({ principal, viewer, deadline }: Asker, { idempotencyKey, ...input }: LeavePremises): Promise<string> =>
    once({
      kind: 'PREMISES_LEAVE',
      subject: principal.subject,
      idempotencyKey,
      input,
      deadline,
      effect: async (transaction, now) => {
        const path = ['input', 'premisesId'];
        const household = await households.lock(transaction, input.premisesId, now);
        const mine = household.filter(
          ({ personId, status }) => personId === viewer.personId && status !== 'EXPIRED' && status !== 'REVOKED',
        );
        const [first, ...others] = mine;
        if (!first) throw new HouseError('NOT_FOUND', { path });
        if (leavesNoOwner(mine, household)) throw new HouseError('LAST_OWNER', { path });
        await end(transaction, { ended: [first, ...others], household }, now);
        return (strongest(mine) ?? first).id;
      },
    });
