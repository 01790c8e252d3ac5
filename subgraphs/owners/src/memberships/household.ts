/** Who is in the premises at the moment of a change, under lock, and by what right somebody changes one of them. */
import type { Queryable } from '@house/kernel/database';
import { HouseError } from '@house/kernel/errors';
import type { Principal } from '@house/kernel/principal';
import type { Deadline } from '@house/kernel/subgraph';
import { isId } from '../loaders.ts';
import type { Membership } from '../model.ts';
import { type ChangeRight, missingFor, rightToChange, type Viewer } from '../policy.ts';
import { statusAt } from './rules.ts';
import type { HouseholdRow, MembershipsStore } from './store.ts';

/** Who wants the change, as known when the request came, and until when they wait for the answer. */
export type Asker = { readonly principal: Principal; readonly viewer: Viewer; readonly deadline: Deadline };
export type Member = Membership & Pick<HouseholdRow, 'account' | 'complexId'>;

export type Households = {
  /** Empty where nobody lives or nothing is. */
  lock(transaction: Queryable, premisesId: string, now: Date): Promise<Member[]>;
  /**
   * The membership that the asker may change now.
   * @throws HouseError `NOT_FOUND` when there is none or it is not theirs to change, `STEP_UP_REQUIRED`,
   * `REASON_REQUIRED`.
   */
  lockFor(
    transaction: Queryable,
    asker: Asker,
    membershipId: string,
    now: Date,
  ): Promise<{ membership: Member; household: Member[]; right: ChangeRight }>;
};

export const createHouseholds = ({
  store,
}: {
  store: Pick<MembershipsStore, 'lockHousehold' | 'premisesOf'>;
}): Households => {
  const lock: Households['lock'] = async (transaction, premisesId, now) =>
    (isId(premisesId) ? await store.lockHousehold(transaction, premisesId) : []).map((row) => ({
      ...row,
      status: statusAt(row, now),
    }));
  return {
    lock,
    lockFor: async (transaction, { principal, viewer }, membershipId, now) => {
      const premisesId = isId(membershipId) ? await store.premisesOf(transaction, membershipId) : undefined;
      const household = premisesId === undefined ? [] : await lock(transaction, premisesId, now);
      const membership = household.find(({ id }) => id === membershipId);
      // The asker's own standing may have changed since the request came: only what is under lock counts.
      const memberships = household.filter(
        ({ personId, status }) => personId === viewer.personId && status === 'ACTIVE',
      );
      const right =
        membership &&
        rightToChange({ ...viewer, memberships }, membership, {
          id: membership.premisesId,
          complex: { id: membership.complexId },
        });
      if (!membership || !right) throw new HouseError('NOT_FOUND', { path: ['input', 'membershipId'] });
      const missing = missingFor(right, principal, now);
      if (missing) throw new HouseError(missing);
      return { membership, household, right };
    },
  };
};
