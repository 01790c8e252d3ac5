/** The rooms of this service, in the order in which their tables depend on each other. A new room is one more line. */
import type { Queryable } from '@house/kernel/database';
import type { Vault } from '@house/kernel/vault';
import { createConsents } from './consents/consents.ts';
import { createMemberships } from './memberships/memberships.ts';
import { createPeople } from './people/people.ts';
import { createPremises } from './premises/premises.ts';

export const createFeatures = (deps: { database: Queryable; vault: Vault }) =>
  [createPeople(deps), createPremises(deps), createMemberships(deps), createConsents(deps)] as const;

export type Features = ReturnType<typeof createFeatures>;
