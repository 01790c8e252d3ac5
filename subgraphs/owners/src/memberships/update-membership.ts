import type { Membership } from '../model.ts';
import type { Once } from '../once.ts';
import type { ChangeRight } from '../policy.ts';
import type { Asker, Households } from './household.ts';
import { type Ceiling, changed, type MembershipChange } from './rules.ts';
import type { MembershipsStore } from './store.ts';

export type UpdateMembership = MembershipChange & { membershipId: string; idempotencyKey: string };

/** Members give what they have themselves; the manager, who has nothing here, only takes. */
const ceilingOf = (right: ChangeRight, membership: Membership): Ceiling =>
  right.as === 'MANAGER' ? membership : right.mine;

/**
 * Changes what a membership allows and when it ends. Commands that are under way are decided again when they are sent,
 * so nothing has to be said to the platform.
 * @returns its id. @throws HouseError what `lockFor` and `changed` throw.
 */
export const createUpdateMembership =
  ({ once, households, store }: { once: Once; households: Households; store: Pick<MembershipsStore, 'update'> }) =>
  (asker: Asker, { idempotencyKey, ...input }: UpdateMembership): Promise<string> =>
    once({
      kind: 'MEMBERSHIP_UPDATE',
      subject: asker.principal.subject,
      idempotencyKey,
      input,
      deadline: asker.deadline,
      effect: async (transaction, now) => {
        const { membershipId, ...change } = input;
        const { membership, household, right } = await households.lockFor(transaction, asker, membershipId, now);
        const next = changed(membership, change, { ceiling: ceilingOf(right, membership), household, now });
        await store.update(transaction, { id: membership.id, ...next });
        return membership.id;
      },
    });
