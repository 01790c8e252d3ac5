/** Memberships and invitations: who is what in which premises, shown as far as the policy allows. */
import type { Clock, Random } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { OutboxStore } from '@house/kernel/outbox';
import type { Vault } from '@house/kernel/vault';
import type { Context, Loaders } from '../context.ts';
import { createListLoader, createRowLoader } from '../loaders.ts';
import type { Invitation, Membership, Premises } from '../model.ts';
import { type PersonView, viewPerson } from '../people/people.ts';
import { mayReadInvitation, membershipSight, type PersonSight, premisesSightThrough } from '../policy.ts';
import { viewPremises } from '../premises/premises.ts';
import { createMutations } from './mutations.ts';
import { type PageArguments, page, statusAt, strongest } from './rules.ts';
import { createMembershipsStore, type MembershipsStore, type StoredMembership } from './store.ts';

/** A membership that the caller may read, and how its person is shown to the caller. */
export type MembershipView = Membership & { readonly sight: PersonSight };

const viewMembership = async (
  membership: Membership,
  { loaders, viewer }: Context,
): Promise<readonly MembershipView[]> => {
  const premises = await loaders.premises.load(membership.premisesId);
  const sight = premises && membershipSight(await viewer(), membership, premises);
  return sight ? [{ ...membership, sight }] : [];
};

const readable = async (memberships: readonly Membership[], context: Context): Promise<MembershipView[]> =>
  (await Promise.all(memberships.map((membership) => viewMembership(membership, context)))).flat();

const readMembership = async (id: string, context: Context): Promise<MembershipView | null> => {
  const membership = await context.loaders.membership.load(id);
  return membership && ((await viewMembership(membership, context))[0] ?? null);
};

const membershipsOfPerson = async (
  { id }: PersonView,
  { activeOnly }: { activeOnly?: boolean | null },
  context: Context,
): Promise<MembershipView[]> => {
  const memberships = await context.loaders.membershipsOfPerson.load(id);
  const wanted = activeOnly === false ? memberships : memberships.filter(({ status }) => status === 'ACTIVE');
  return readable(wanted, context);
};

const myMembership = async ({ id }: Premises, _: unknown, { viewer }: Context): Promise<MembershipView | null> => {
  const { memberships } = await viewer();
  const mine = strongest(memberships.filter(({ premisesId }) => premisesId === id));
  return mine && { ...mine, sight: 'CLEAR' };
};

const members = async ({ id }: Premises, args: PageArguments, context: Context) =>
  page(await readable(await context.loaders.membershipsOfPremises.load(id), context), args);

const personOf = async (
  { personId, sight }: MembershipView,
  _: unknown,
  { loaders }: Context,
): Promise<PersonView | null> => {
  const person = await loaders.person.load(personId);
  return person && viewPerson(person, sight);
};

const premisesOf = async (
  membership: MembershipView,
  _: unknown,
  { loaders, viewer }: Context,
): Promise<Premises | null> => {
  const premises = await loaders.premises.load(membership.premisesId);
  const sight = premises && premisesSightThrough(await viewer(), membership, premises);
  return premises && sight && viewPremises(premises, sight);
};

const readInvitation = async (id: string, { loaders, viewer }: Context): Promise<Invitation | null> => {
  const invitation = await loaders.invitation.load(id);
  return invitation && mayReadInvitation(await viewer(), invitation) ? invitation : null;
};

const invitations = async ({ id }: Premises, _: unknown, { loaders, viewer }: Context): Promise<Invitation[]> => {
  const asking = await viewer();
  return (await loaders.invitationsOfPremises.load(id)).filter((invitation) => mayReadInvitation(asking, invitation));
};

/** An invitation that may be read belongs to premises of the reader. */
const premisesOfInvitation = ({ premisesId }: Invitation, _: unknown, { loaders }: Context): Promise<Premises | null> =>
  loaders.premises.load(premisesId);

const resolvers = {
  Person: { memberships: membershipsOfPerson },
  Premises: { myMembership, members, invitations },
  Membership: {
    __resolveReference: ({ id }: { id: string }, context: Context) => readMembership(id, context),
    person: personOf,
    premises: premisesOf,
  },
  Invitation: {
    __resolveReference: ({ id }: { id: string }, context: Context) => readInvitation(id, context),
    premises: premisesOfInvitation,
  },
};

export type Memberships = {
  readonly resolvers: typeof resolvers & { readonly Mutation: ReturnType<typeof createMutations> };
  loaders(
    now: Date,
  ): Pick<
    Loaders,
    'membership' | 'membershipsOfPerson' | 'membershipsOfPremises' | 'invitation' | 'invitationsOfPremises'
  >;
  readonly add: MembershipsStore['add'];
  readonly addInvitation: MembershipsStore['addInvitation'];
};

export const createMemberships = ({
  database,
  vault,
  ...deps
}: {
  database: Database;
  vault: Vault;
  outbox: Pick<OutboxStore, 'put'>;
  clock: Clock;
  random: Random;
}): Memberships => {
  const store = createMembershipsStore({ database, vault });
  return {
    resolvers: { ...resolvers, Mutation: createMutations({ database, store, ...deps }) },
    loaders: (now) => {
      const today =
        (fetch: (keys: readonly string[]) => Promise<StoredMembership[]>) =>
        async (keys: readonly string[]): Promise<Membership[]> =>
          (await fetch(keys)).map((stored) => ({ ...stored, status: statusAt(stored, now) }));
      /** An invitation is gone when its time is up, whether it was accepted or not. */
      const open = (fetch: (keys: readonly string[]) => Promise<Invitation[]>) => async (keys: readonly string[]) =>
        (await fetch(keys)).filter(({ expiresAt }) => now < expiresAt);
      return {
        membership: createRowLoader(today(store.byIds), ({ id }) => id),
        membershipsOfPerson: createListLoader(today(store.byPeople), ({ personId }) => personId),
        membershipsOfPremises: createListLoader(today(store.byPremises), ({ premisesId }) => premisesId),
        invitation: createRowLoader(open(store.invitationsByIds), ({ id }) => id),
        invitationsOfPremises: createListLoader(open(store.invitationsByPremises), ({ premisesId }) => premisesId),
      };
    },
    add: store.add,
    addInvitation: store.addInvitation,
  };
};
