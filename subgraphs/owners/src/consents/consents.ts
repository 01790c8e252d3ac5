/** Consents: what a person agreed to, shown to that person alone. */
import type { Queryable } from '@house/kernel/database';
import type { Context, Loaders } from '../context.ts';
import { createListLoader, createRowLoader } from '../loaders.ts';
import type { Consent, ConsentPurpose } from '../model.ts';
import { mayReadConsents } from '../policy.ts';
import { type StoredConsent, statusAt } from './rules.ts';
import { type ConsentsStore, createConsentsStore } from './store.ts';

export { PLATFORM_TRANSFER, sha256Of, VEHICLE_ACCESS } from './texts.ts';

const consentsOfPerson = async (
  { id }: { id: string },
  { purpose }: { purpose?: ConsentPurpose | null },
  { loaders, viewer }: Context,
): Promise<Consent[]> => {
  if (!mayReadConsents(await viewer(), id)) return [];
  const consents = await loaders.consentsOfPerson.load(id);
  return consents.filter((consent) => purpose == null || consent.purpose === purpose);
};

const readConsent = async (id: string, { loaders, viewer }: Context): Promise<Consent | null> => {
  const consent = await loaders.consent.load(id);
  return consent && mayReadConsents(await viewer(), consent.personId) ? consent : null;
};

const resolvers = {
  Person: { consents: consentsOfPerson },
  Consent: {
    __resolveReference: ({ id }: { id: string }, context: Context) => readConsent(id, context),
  },
};

export type Consents = {
  readonly resolvers: typeof resolvers;
  loaders(now: Date): Pick<Loaders, 'consent' | 'consentsOfPerson'>;
  readonly add: ConsentsStore['add'];
};

export const createConsents = ({ database }: { database: Queryable }): Consents => {
  const store = createConsentsStore({ database });
  return {
    resolvers,
    loaders: (now) => {
      const today =
        (fetch: (keys: readonly string[]) => Promise<StoredConsent[]>) =>
        async (keys: readonly string[]): Promise<Consent[]> =>
          (await fetch(keys)).map((stored) => ({ ...stored, status: statusAt(stored, now) }));
      return {
        consent: createRowLoader(today(store.byIds), ({ id }) => id),
        consentsOfPerson: createListLoader(today(store.byPeople), ({ personId }) => personId),
      };
    },
    add: store.add,
  };
};
