/** The mutations of this room: an input becomes a use case, and what was changed is shown to whoever changed it. */
import type { Clock, Random } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { OutboxStore } from '@house/kernel/outbox';
import { payload } from '@house/kernel/payload';
import type { Context } from '../context.ts';
import type { Membership } from '../model.ts';
import { createOnce } from '../once.ts';
import { changedSight, type PersonSight } from '../policy.ts';
import { createEndMemberships } from './end-memberships.ts';
import { type Asker, createHouseholds } from './household.ts';
import { createLeavePremises } from './leave-premises.ts';
import { createRevokeMembership } from './revoke-membership.ts';
import type { MembershipsStore } from './store.ts';
import { createUpdateMembership } from './update-membership.ts';

type Shown = Membership & { readonly sight: PersonSight };

const show = async (id: string, { loaders, viewer }: Context): Promise<Shown | null> => {
  const membership = await loaders.membership.load(id);
  const premises = membership && (await loaders.premises.load(membership.premisesId));
  const sight = premises && changedSight(await viewer(), membership, premises);
  return membership && sight && { ...membership, sight };
};

/** A use case as a resolver: its answer, and the rest of the request, see the change. */
const mutation =
  <Input>(change: (asker: Asker, input: Input) => Promise<string>) =>
  (_: unknown, { input }: { input: Input }, context: Context) =>
    payload<{ membership: Shown | null }>(
      async () => {
        const { principal, deadline } = context;
        const id = await change({ principal, deadline, viewer: await context.viewer() }, input);
        context.forget();
        return { membership: await show(id, context) };
      },
      { membership: null },
    );

export type MutationDeps = {
  database: Database;
  store: MembershipsStore;
  outbox: Pick<OutboxStore, 'put'>;
  clock: Clock;
  random: Random;
};

export const createMutations = ({ database, store, outbox, clock, random }: MutationDeps) => {
  const once = createOnce({ database, clock });
  const households = createHouseholds({ store });
  const end = createEndMemberships({ store, outbox, random });
  return {
    updateMembership: mutation(createUpdateMembership({ once, households, store })),
    revokeMembership: mutation(createRevokeMembership({ once, households, end })),
    leavePremises: mutation(createLeavePremises({ once, households, end })),
  };
};
