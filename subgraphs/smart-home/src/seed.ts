/** The seeded world of development, as far as the platform's names of it go. */
import type { Database } from '@house/kernel/database';
import { platformWorld, type WorldSize } from '@house/schema/platform/world.ts';
import { seedWorld } from '@house/schema/seed.ts';

/** Writes what is not there yet. */
export const seedSmartHome = (database: Database, size: WorldSize = 'small'): Promise<void> => {
  const { complexes, premises } = seedWorld(size);
  const units = new Map(platformWorld(size).units.map((unit) => [unit.externalRef, unit]));
  const unitOf = (externalRef: string | null) => (externalRef === null ? undefined : units.get(externalRef));
  return database.transaction(async (transaction) => {
    await transaction.query(
      `INSERT INTO smart_home.complexes (id, site_id) SELECT * FROM unnest($1::text[], $2::integer[])
       ON CONFLICT DO NOTHING`,
      [complexes.map(({ id }) => id), complexes.map(({ siteId }) => siteId)],
    );
    await transaction.query(
      `INSERT INTO smart_home.premises (id, complex_id, unit_id, flat_id)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[]) ON CONFLICT DO NOTHING`,
      [
        premises.map(({ id }) => id),
        premises.map(({ complexId }) => complexId),
        premises.map(({ externalRef }) => unitOf(externalRef)?.id ?? null),
        premises.map(({ externalRef }) => unitOf(externalRef)?.legacyId ?? null),
      ],
    );
  });
};
