import type { Database, Queryable } from '@house/kernel/database';
import type { ErrorCode } from '@house/kernel/errors';
import type { Vault } from '@house/kernel/vault';
import type { Plate } from './rules.ts';

export type Provisioning = 'QUEUED' | 'APPLYING' | 'APPLIED' | 'REMOVING' | 'REMOVED' | 'FAILED';

export type VehiclePermitRecord = {
  id: string;
  premisesId: string;
  subject: string;
  plate: Plate;
  comment: string | null;
  validFrom: Date;
  validUntil: Date | null;
  autoOpen: boolean;
  accessPointIds: string[];
  provisioning: Provisioning;
  provisioningError: ErrorCode | null;
  provisioningSince: Date;
  platformRef: string | null;
};

export type NewVehiclePermit = Omit<
  VehiclePermitRecord,
  'provisioning' | 'provisioningError' | 'provisioningSince' | 'platformRef'
> & {
  complexId: string;
  createdAt: Date;
};

export type VehicleStore = {
  byIds(ids: readonly string[]): Promise<(VehiclePermitRecord | undefined)[]>;
  /** Permits that are not removed, oldest first. */
  ofPremises(premisesIds: readonly string[]): Promise<VehiclePermitRecord[][]>;
  countIn(premisesId: string): Promise<number>;
  /** The person's own permit of this very plate in the premises. */
  ownOf(subject: string, premisesId: string, complexId: string, plate: Plate): Promise<VehiclePermitRecord | undefined>;
  /** Whether somebody else's permit in the same premises is for the same plate. */
  isShared(id: string): Promise<boolean>;
  /** Adds the permit, or gives the person's own permit of the same plate these terms. */
  put(transaction: Queryable, permit: NewVehiclePermit): Promise<void>;
  setProvisioning(
    transaction: Queryable,
    id: string,
    state: Provisioning,
    error: ErrorCode | null,
    at: Date,
  ): Promise<void>;
  setPlatformRef(id: string, platformRef: string): Promise<void>;
};

type PermitRow = {
  id: string;
  premises_id: string;
  subject: string;
  plate_sealed: Uint8Array;
  country: string;
  comment_sealed: Uint8Array | null;
  valid_from: Date;
  valid_until: Date | null;
  auto_open: boolean;
  access_point_ids: string[];
  provisioning: Provisioning;
  provisioning_error: ErrorCode | null;
  provisioning_since: Date;
  platform_ref: string | null;
};

const COLUMNS = `id, premises_id, subject, plate_sealed, country, comment_sealed, valid_from, valid_until, auto_open, access_point_ids,
  provisioning, provisioning_error, provisioning_since, platform_ref`;

const plateContext = (id: string): string => `vehicle_permits.plate|${id}`;
const commentContext = (id: string): string => `vehicle_permits.comment|${id}`;

export const createVehicleStore = ({ database, vault }: { database: Database; vault: Vault }): VehicleStore => {
  const toRecord = (row: PermitRow): VehiclePermitRecord => ({
    id: row.id,
    premisesId: row.premises_id,
    subject: row.subject,
    plate: { country: row.country, canonical: vault.open(row.plate_sealed, plateContext(row.id)) },
    comment: row.comment_sealed && vault.open(row.comment_sealed, commentContext(row.id)),
    validFrom: row.valid_from,
    validUntil: row.valid_until,
    autoOpen: row.auto_open,
    accessPointIds: row.access_point_ids,
    provisioning: row.provisioning,
    provisioningError: row.provisioning_error,
    provisioningSince: row.provisioning_since,
    platformRef: row.platform_ref,
  });
  /** One complex's index says nothing about another's. */
  const indexOf = (complexId: string, { country, canonical }: Plate): Buffer =>
    vault.blindIndex(`${country}:${canonical}`, `plate|${complexId}`);

  return {
    byIds: async (ids) => {
      const rows = await database.query<PermitRow>(
        `SELECT ${COLUMNS} FROM smart_home.vehicle_permits WHERE id = ANY($1)`,
        [ids],
      );
      const found = new Map(rows.map((row) => [row.id, toRecord(row)]));
      return ids.map((id) => found.get(id));
    },
    ofPremises: async (premisesIds) => {
      const rows = await database.query<PermitRow>(
        `SELECT ${COLUMNS} FROM smart_home.vehicle_permits WHERE premises_id = ANY($1) AND removed_at IS NULL ORDER BY created_at, id`,
        [premisesIds],
      );
      const byPremises = Map.groupBy(rows.map(toRecord), ({ premisesId }) => premisesId);
      return premisesIds.map((id) => byPremises.get(id) ?? []);
    },
    countIn: async (premisesId) => {
      const [row] = await database.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM smart_home.vehicle_permits WHERE premises_id = $1 AND removed_at IS NULL',
        [premisesId],
      );
      return row?.count ?? 0;
    },
    ownOf: async (subject, premisesId, complexId, plate) => {
      const [row] = await database.query<PermitRow>(
        `SELECT ${COLUMNS} FROM smart_home.vehicle_permits WHERE premises_id = $1 AND subject = $2 AND plate_index = $3 AND removed_at IS NULL`,
        [premisesId, subject, indexOf(complexId, plate)],
      );
      return row && toRecord(row);
    },
    isShared: async (id) => {
      const rows = await database.query(
        `SELECT 1 FROM smart_home.vehicle_permits mine JOIN smart_home.vehicle_permits other
           ON other.premises_id = mine.premises_id AND other.plate_index = mine.plate_index AND other.id <> mine.id
         WHERE mine.id = $1 AND other.removed_at IS NULL LIMIT 1`,
        [id],
      );
      return rows.length > 0;
    },
    put: async (transaction, permit) => {
      await transaction.query(
        `INSERT INTO smart_home.vehicle_permits
           (id, premises_id, subject, plate_sealed, plate_index, country, comment_sealed, valid_from, valid_until, auto_open, access_point_ids,
            provisioning, provisioning_since, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'QUEUED', $12, $12)
         ON CONFLICT (id) DO UPDATE SET comment_sealed = EXCLUDED.comment_sealed, valid_from = EXCLUDED.valid_from,
           valid_until = EXCLUDED.valid_until, auto_open = EXCLUDED.auto_open, access_point_ids = EXCLUDED.access_point_ids,
           provisioning = 'QUEUED', provisioning_error = NULL, provisioning_since = EXCLUDED.provisioning_since`,
        [
          permit.id,
          permit.premisesId,
          permit.subject,
          vault.seal(permit.plate.canonical, plateContext(permit.id)),
          indexOf(permit.complexId, permit.plate),
          permit.plate.country,
          permit.comment === null ? null : vault.seal(permit.comment, commentContext(permit.id)),
          permit.validFrom,
          permit.validUntil,
          permit.autoOpen,
          permit.accessPointIds,
          permit.createdAt,
        ],
      );
    },
    setProvisioning: async (transaction, id, state, error, at) => {
      await transaction.query(
        `UPDATE smart_home.vehicle_permits SET provisioning = $2, provisioning_error = $3, provisioning_since = $4,
           removed_at = CASE WHEN $2 = 'REMOVED' THEN $4 ELSE removed_at END WHERE id = $1`,
        [id, state, error, at],
      );
    },
    setPlatformRef: async (id, platformRef) => {
      await database.query('UPDATE smart_home.vehicle_permits SET platform_ref = $2 WHERE id = $1', [id, platformRef]);
    },
  };
};
