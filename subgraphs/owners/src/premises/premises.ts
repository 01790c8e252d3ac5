/** Premises and the complexes they stand in, as far as the caller lives in them or serves them. */
import type { Queryable } from '@house/kernel/database';
import type { Vault } from '@house/kernel/vault';
import type { Context, Loaders } from '../context.ts';
import { createRowLoader } from '../loaders.ts';
import type { Complex, Premises, PremisesKind } from '../model.ts';
import { mayReadComplex, premisesSight } from '../policy.ts';
import { inForce, viewPremises } from './rules.ts';
import { createPremisesStore, type PremisesStore } from './store.ts';

export { viewPremises } from './rules.ts';

/** The premises as the caller may see them; null when not at all. */
const readPremises = async (id: string, { loaders, viewer }: Context): Promise<Premises | null> => {
  const premises = await loaders.premises.load(id);
  const sight = premises && premisesSight(await viewer(), premises);
  return premises && sight && viewPremises(premises, sight);
};

/** Only where the caller is a member: staff reach the premises that they serve by id. */
const myPremises = async (_: unknown, { kind }: { kind?: PremisesKind | null }, context: Context) => {
  const { memberships } = await context.viewer();
  const ids = [...new Set(memberships.map(({ premisesId }) => premisesId))];
  const mine = await Promise.all(ids.map((id) => readPremises(id, context)));
  return mine.filter((premises) => premises !== null && (kind == null || premises.kind === kind));
};

const readComplex = async (id: string, { loaders, viewer }: Context): Promise<Complex | null> => {
  const complex = await loaders.complex.load(id);
  if (!complex) return null;
  const asking = await viewer();
  const homes = await Promise.all(asking.memberships.map(({ premisesId }) => loaders.premises.load(premisesId)));
  const complexes = new Set(homes.flatMap((premises) => (premises ? [premises.complex.id] : [])));
  return mayReadComplex(asking, id, complexes) ? complex : null;
};

const resolvers = {
  Query: {
    premises: (_: unknown, { id }: { id: string }, context: Context) => readPremises(id, context),
    complex: (_: unknown, { id }: { id: string }, context: Context) => readComplex(id, context),
    myPremises,
  },
  Premises: {
    __resolveReference: ({ id }: { id: string }, context: Context) => readPremises(id, context),
  },
  Complex: {
    __resolveReference: ({ id }: { id: string }, context: Context) => readComplex(id, context),
  },
};

export type PremisesRoom = {
  readonly resolvers: typeof resolvers;
  loaders(now: Date): Pick<Loaders, 'premises' | 'complex'>;
  readonly add: PremisesStore['add'];
  readonly addComplex: PremisesStore['addComplex'];
};

export const createPremises = ({ database, vault }: { database: Queryable; vault: Vault }): PremisesRoom => {
  const store = createPremisesStore({ database, vault });
  return {
    resolvers,
    loaders: (now) => ({
      premises: createRowLoader(
        async (ids) =>
          (await store.byIds(ids)).map((premises) => ({
            ...premises,
            suspension: premises.suspension && inForce(premises.suspension, now) ? premises.suspension : null,
          })),
        ({ id }) => id,
      ),
      complex: createRowLoader(store.complexesByIds, ({ id }) => id),
    }),
    add: store.add,
    addComplex: store.addComplex,
  };
};
