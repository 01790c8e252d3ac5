/** Puts the seeded world of development into the database; what is already there stays as it is. */
import { later } from '@house/kernel/clock';
import type { Database, Queryable } from '@house/kernel/database';
import type { WorldSize } from '@house/schema/platform/world.ts';
import { SEED_CONSENTS, type SeedPerson, seedWorld as worldOf } from '@house/schema/seed.ts';
import { PLATFORM_TRANSFER, sha256Of, VEHICLE_ACCESS } from './consents/consents.ts';
import type { Features } from './features.ts';
import type { Permission } from './model.ts';

export type { WorldSize };

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

const ROWS = 500;
/** An insertion of one row: what comes before its places, the places, and what comes after. */
const ONE_ROW = /^([^;$]+ VALUES )(\([$\d, ]+\))([^;$]*)$/;

const placesOf = (length: number, from: number): string =>
  `(${Array.from({ length }, (_, index) => `$${from + index}`).join(', ')})`;

/**
 * Turns insertions of one row each into insertions of many, since thousands of statements take PGlite seconds. What the
 * stores write and what they seal stays theirs. Rows go out in their order; `flush` sends the last of them.
 */
const inBulk = (transaction: Queryable): Queryable & { flush(): Promise<void> } => {
  let sql = '';
  let rows: (readonly unknown[])[] = [];
  const flush = async (): Promise<void> => {
    const [, before, , after] = ONE_ROW.exec(sql) ?? [];
    const values = rows;
    rows = [];
    if (values.length === 0) return;
    const places = values.map((row, index) => placesOf(row.length, index * row.length + 1));
    await transaction.query(`${before}${places.join(', ')}${after}`, values.flat());
  };
  return {
    flush,
    query: async (statement, values = []) => {
      if (statement !== sql || rows.length === ROWS) await flush();
      if (ONE_ROW.exec(statement)?.[2] !== placesOf(values.length, 1)) return transaction.query(statement, values);
      sql = statement;
      rows.push(values);
      return [];
    },
  };
};

export const seedWorld = (
  database: Database,
  [people, premises, memberships, consents]: Features,
  now: Date,
  size: WorldSize = 'small',
) =>
  database.transaction(async (single) => {
    const transaction = inBulk(single);
    const world = worldOf(size);
    for (const person of world.people) await people.add(transaction, { ...person, account: person.handle });
    for (const complex of world.complexes) await premises.addComplex(transaction, complex);
    for (const each of world.premises) await premises.add(transaction, each);
    for (const { validForDays, person, premises: premisesId, ...rest } of world.memberships)
      await memberships.add(transaction, {
        ...rest,
        personId: person,
        premisesId,
        invitedBy: null,
        permissions: rest.permissions as readonly Permission[],
        status: 'ACTIVE',
        validFrom: now,
        validUntil: validForDays === null ? null : later(now, validForDays * DAY_MS),
      });
    for (const person of world.people.filter(({ roles }) => roles.includes('resident')))
      for (const consent of consentsOf(person, now)) await consents.add(transaction, consent);
    await transaction.flush();
  });
