/** Puts the seeded world of development into the database; what is already there stays as it is. */
import { later } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import {
  SEED_COMPLEXES,
  SEED_CONSENTS,
  SEED_MEMBERSHIPS,
  SEED_PEOPLE,
  SEED_PREMISES,
  type SeedPerson,
} from '@house/schema/seed.ts';
import { PLATFORM_TRANSFER, sha256Of, VEHICLE_ACCESS } from './consents/consents.ts';
import type { Features } from './features.ts';
import type { Permission } from './model.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const TEXTS = { VEHICLE_ACCESS, PLATFORM_TRANSFER } as const;

const consentsOf = (person: SeedPerson, now: Date) =>
  SEED_CONSENTS.map((purpose) => ({
    id: `co_${person.id}_${purpose.toLowerCase()}`,
    personId: person.id,
    purpose,
    textVersion: TEXTS[purpose].version,
    textSha256: sha256Of(TEXTS[purpose]),
    signature: 'SIMPLE' as const,
    givenAt: now,
    expiresAt: null,
    withdrawnAt: null,
    supersededAt: null,
    destroyBy: null,
  }));

export const seedWorld = (database: Database, [people, premises, memberships, consents]: Features, now: Date) =>
  database.transaction(async (transaction) => {
    for (const person of SEED_PEOPLE) await people.add(transaction, { ...person, account: person.handle });
    for (const complex of SEED_COMPLEXES) await premises.addComplex(transaction, complex);
    for (const each of SEED_PREMISES) await premises.add(transaction, each);
    for (const { validForDays, person, premises: premisesId, ...rest } of SEED_MEMBERSHIPS)
      await memberships.add(transaction, {
        ...rest,
        personId: person,
        premisesId,
        permissions: rest.permissions as readonly Permission[],
        status: 'ACTIVE',
        validFrom: now,
        validUntil: validForDays === null ? null : later(now, validForDays * DAY_MS),
      });
    for (const person of SEED_PEOPLE.filter(({ roles }) => roles.includes('resident')))
      for (const consent of consentsOf(person, now)) await consents.add(transaction, consent);
  });
