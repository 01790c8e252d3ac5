/** The only SQL about complexes, premises and their suspensions. Labels are sealed at rest. */
import type { Queryable } from '@house/kernel/database';
import type { Vault } from '@house/kernel/vault';
import type { Complex, JournalVisibility, Premises, PremisesKind, StaffRole, SuspensionReason } from '../model.ts';

type ComplexRow = { id: string; name: string; time_zone: string };
type PremisesRow = {
  id: string;
  kind: PremisesKind;
  label: Uint8Array;
  journal_visibility: JournalVisibility;
  complex_id: string;
  complex_name: string;
  time_zone: string;
  reason: SuspensionReason | null;
  since: Date | null;
  until: Date | null;
  by_role: StaffRole | null;
};
export type NewPremises = Pick<Premises, 'id' | 'kind' | 'label'> & { readonly complexId: string };

export type PremisesStore = {
  /** With the suspension that nobody has ended yet, whether its time has run out or not. */
  byIds(ids: readonly string[]): Promise<Premises[]>;
  complexesByIds(ids: readonly string[]): Promise<Complex[]>;
  /** Adds a complex; one whose id is known stays as it is. */
  addComplex(transaction: Queryable, complex: Complex): Promise<void>;
  /** Adds premises; those whose id is known stay as they are. */
  add(transaction: Queryable, premises: NewPremises): Promise<void>;
};

export const createPremisesStore = ({ database, vault }: { database: Queryable; vault: Vault }): PremisesStore => {
  const toPremises = (row: PremisesRow): Premises => ({
    id: row.id,
    kind: row.kind,
    label: vault.open(row.label, `premises.label|${row.id}`),
    complex: { id: row.complex_id, name: row.complex_name, timeZone: row.time_zone },
    journalVisibility: row.journal_visibility,
    suspension:
      row.reason && row.since ? { reason: row.reason, since: row.since, until: row.until, byRole: row.by_role } : null,
  });
  return {
    byIds: async (ids) =>
      (
        await database.query<PremisesRow>(
          `SELECT premises.id, premises.kind, premises.label, premises.journal_visibility,
                  complexes.id AS complex_id, complexes.name AS complex_name, complexes.time_zone,
                  suspensions.reason, suspensions.since, suspensions.until, suspensions.by_role
             FROM owners.premises
             JOIN owners.complexes ON complexes.id = premises.complex_id
             LEFT JOIN owners.suspensions ON suspensions.premises_id = premises.id AND suspensions.resumed_at IS NULL
            WHERE premises.id = ANY($1::text[])`,
          [ids],
        )
      ).map(toPremises),
    complexesByIds: async (ids) =>
      (
        await database.query<ComplexRow>(
          'SELECT id, name, time_zone FROM owners.complexes WHERE id = ANY($1::text[])',
          [ids],
        )
      ).map(({ id, name, time_zone }) => ({ id, name, timeZone: time_zone })),
    addComplex: async (transaction, { id, name, timeZone }) => {
      await transaction.query(
        'INSERT INTO owners.complexes (id, name, time_zone) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING',
        [id, name, timeZone],
      );
    },
    add: async (transaction, { id, complexId, kind, label }) => {
      await transaction.query(
        `INSERT INTO owners.premises (id, complex_id, kind, label) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO NOTHING`,
        [id, complexId, kind, vault.seal(label, `premises.label|${id}`)],
      );
    },
  };
};
