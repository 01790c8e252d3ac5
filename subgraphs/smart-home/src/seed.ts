/** The seeded world of development, as far as the platform's names of it go. */
import type { Database } from '@house/kernel/database';
import world from '@house/schema/platform/world.json' with { type: 'json' };
import { SEED_COMPLEXES, SEED_PREMISES } from '@house/schema/seed.ts';

/** Writes what is not there yet. */
export const seedSmartHome = (database: Database): Promise<void> =>
  database.transaction(async (transaction) => {
    for (const { id, siteId } of SEED_COMPLEXES)
      await transaction.query('INSERT INTO smart_home.complexes (id, site_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        id,
        siteId,
      ]);
    for (const { id, complexId, externalRef } of SEED_PREMISES) {
      const unit = world.units.find((candidate) => candidate.externalRef === externalRef);
      await transaction.query(
        'INSERT INTO smart_home.premises (id, complex_id, unit_id, flat_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
        [id, complexId, unit?.id ?? null, unit?.legacyId ?? null],
      );
    }
  });
