/** People: the caller, and others as far as shared premises show them. */
import type { Queryable } from '@house/kernel/database';
import { HouseError } from '@house/kernel/errors';
import type { Vault } from '@house/kernel/vault';
import type { Context, Loaders } from '../context.ts';
import { createRowLoader } from '../loaders.ts';
import { personSight } from '../policy.ts';
import { type PersonView, viewPerson } from './rules.ts';
import { createPeopleStore, type PeopleStore } from './store.ts';

export { type PersonView, viewPerson } from './rules.ts';
export { PHONE_INDEX } from './store.ts';

/** An account is the authorization server's name for somebody; it may look unlike our ids. */
const isAccount = (account: unknown): boolean =>
  typeof account === 'string' && account.length <= 200 && !account.includes('\0');

/** The person as the caller may see them; null when not at all. */
const readPerson = async (id: string, { loaders, viewer }: Context): Promise<PersonView | null> => {
  const person = await loaders.person.load(id);
  if (!person) return null;
  const memberships = await loaders.membershipsOfPerson.load(id);
  const seats = await Promise.all(
    memberships.map(async (membership) => ({
      membership,
      premises: await loaders.premises.load(membership.premisesId),
    })),
  );
  const sight = personSight(
    await viewer(),
    id,
    seats.flatMap(({ membership, premises }) => (premises ? [{ membership, premises }] : [])),
  );
  return sight && viewPerson(person, sight);
};

const me = async (_: unknown, __: unknown, { self }: Context): Promise<PersonView> => {
  const person = await self();
  if (!person) throw new HouseError('FORBIDDEN', { message: 'This account is not registered in the house.' });
  return viewPerson(person, 'CLEAR');
};

export type People = {
  readonly resolvers: typeof resolvers;
  loaders(): Pick<Loaders, 'person' | 'personOfAccount'>;
  readonly add: PeopleStore['add'];
};

const resolvers = {
  Query: { me },
  Person: {
    __resolveReference: ({ id }: { id: string }, context: Context) => readPerson(id, context),
  },
};

export const createPeople = ({ database, vault }: { database: Queryable; vault: Vault }): People => {
  const store = createPeopleStore({ database, vault });
  return {
    resolvers,
    loaders: () => ({
      person: createRowLoader(store.byIds, ({ id }) => id),
      personOfAccount: createRowLoader(store.byAccounts, ({ account }) => account, isAccount),
    }),
    add: store.add,
  };
};
