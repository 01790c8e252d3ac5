/** The rooms of this service, in the order in which their tables depend on each other. A new room is one more line. */
import type { Clock, Random } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { OutboxStore } from '@house/kernel/outbox';
import type { Vault } from '@house/kernel/vault';
import { createConsents } from './consents/consents.ts';
import { createMemberships } from './memberships/memberships.ts';
import { createPeople } from './people/people.ts';
import { createPremises } from './premises/premises.ts';

export type FeatureDeps = {
  database: Database;
  vault: Vault;
  outbox: Pick<OutboxStore, 'put'>;
  clock: Clock;
  random: Random;
};

export const createFeatures = (deps: FeatureDeps) =>
  [createPeople(deps), createPremises(deps), createMemberships(deps), createConsents(deps)] as const;

export type Features = ReturnType<typeof createFeatures>;
