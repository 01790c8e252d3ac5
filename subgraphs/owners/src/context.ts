/** What every resolver of one request shares. */
import type { Principal } from '@house/kernel/principal';
import type { Deadline } from '@house/kernel/subgraph';
import type { Loader } from './loaders.ts';
import type { Complex, Consent, Invitation, Membership, Person, Premises } from './model.ts';
import { isServingRole, type Viewer } from './policy.ts';

/** Each room brings the loaders of its own tables. They load without asking who may see: the policy decides that. */
export type Loaders = {
  readonly person: Loader<Person | null>;
  readonly personOfAccount: Loader<Person | null>;
  readonly complex: Loader<Complex | null>;
  readonly premises: Loader<Premises | null>;
  readonly membership: Loader<Membership | null>;
  readonly membershipsOfPerson: Loader<readonly Membership[]>;
  readonly membershipsOfPremises: Loader<readonly Membership[]>;
  readonly invitation: Loader<Invitation | null>;
  readonly invitationsOfPremises: Loader<readonly Invitation[]>;
  readonly consent: Loader<Consent | null>;
  readonly consentsOfPerson: Loader<readonly Consent[]>;
};

export type Context = {
  readonly principal: Principal;
  readonly deadline: Deadline;
  readonly loaders: Loaders;
  /** The account's person; null when the account is not registered here. */
  self(): Promise<Person | null>;
  viewer(): Promise<Viewer>;
  /** After a change: what was loaded before it is loaded again when it is asked for. */
  forget(): void;
};

/** @param load gives loaders that have loaded nothing yet. */
export const createContext = ({
  principal,
  deadline,
  load,
}: Pick<Context, 'principal' | 'deadline'> & { load: () => Loaders }): Context => {
  let loaders = load();
  const self = () => loaders.personOfAccount.load(principal.subject);
  const findViewer = async (): Promise<Viewer> => {
    const person = await self();
    const memberships = person ? await loaders.membershipsOfPerson.load(person.id) : [];
    return {
      personId: person?.id ?? null,
      memberships: memberships.filter(({ status }) => status === 'ACTIVE'),
      servingRoles: principal.roles.map((role) => role.toUpperCase()).filter(isServingRole),
      complexes: principal.complexes,
    };
  };
  let viewer: Promise<Viewer> | undefined;
  return {
    principal,
    deadline,
    get loaders() {
      return loaders;
    },
    self,
    viewer: () => {
      viewer ??= findViewer();
      return viewer;
    },
    forget: () => {
      loaders = load();
      viewer = undefined;
    },
  };
};
