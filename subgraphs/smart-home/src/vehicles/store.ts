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
  /** Since when the platform may have the plate from us; null: never, or not any more. */
  toldAt: Date | null;
};

export type NewVehiclePermit = Omit<
  VehiclePermitRecord,
  'provisioning' | 'provisioningError' | 'provisioningSince' | 'platformRef' | 'toldAt'
> & {
  complexId: string;
  operationId: string;
  createdAt: Date;
};

export type VehicleStore = {
  byIds(ids: readonly string[]): Promise<(VehiclePermitRecord | undefined)[]>;
  /** Permits that are not removed, oldest first. */
  ofPremises(premisesIds: readonly string[]): Promise<VehiclePermitRecord[][]>;
  /** The person's permits in the premises that are not removed; nobody else changes them until the transaction ends. */
  idsOf(transaction: Queryable, subject: string, premisesId: string): Promise<string[]>;
  countIn(on: Queryable, premisesId: string): Promise<number>;
  /** The person's own permit of this very plate in the premises; nobody else changes it until the transaction ends. */
  ownOf(
    transaction: Queryable,
    wanted: { subject: string; premisesId: string; complexId: string; plate: Plate },
  ): Promise<string | undefined>;
  /** Whether the permit is there; if so, nobody else changes it until the transaction ends. */
  hold(transaction: Queryable, id: string): Promise<boolean>;
  /**
   * The platform's names of other people's permits for the same plate in the same premises, as far as it may have them;
   * null for one that it has not named.
   */
  othersOf(id: string): Promise<(string | null)[]>;
  /** Adds the permit, or gives the person's own permit of the same plate these terms. */
  put(transaction: Queryable, permit: NewVehiclePermit): Promise<void>;
  /** Its person, or an owner, wants it gone. */
  takeBack(transaction: Queryable, id: string, operationId: string, at: Date): Promise<void>;
  /** How the operation stands that was asked for last; an earlier one changes nothing any more. */
  follow(transaction: Queryable, change: Follow): Promise<void>;
  /** From now on the platform may have it. */
  tell(transaction: Queryable, id: string, at: Date): Promise<void>;
  /** The platform's own name of it. */
  setPlatformRef(transaction: Queryable, id: string, platformRef: string): Promise<void>;
  /** The platform does not have it any more, or has it from others only. */
  untell(transaction: Queryable, id: string): Promise<void>;
};

export type Follow = {
  id: string;
  operationId: string;
  provisioning: Provisioning;
  error: ErrorCode | null;
  at: Date;
  /** Only when it is this now. */
  from?: Provisioning;
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
  told_at: Date | null;
};

const COLUMNS = `id, premises_id, subject, plate_sealed, country, comment_sealed, valid_from, valid_until, auto_open, access_point_ids,
  provisioning, provisioning_error, provisioning_since, platform_ref, told_at`;

const plateContext = (id: string): string => `vehicle_permits.plate|${id}`;
const commentContext = (id: string): string => `vehicle_permits.comment|${id}`;

/** What changes or holds rows without looking into what is sealed. */
const CHANGES: Pick<VehicleStore, 'idsOf' | 'hold' | 'takeBack' | 'follow' | 'tell' | 'setPlatformRef' | 'untell'> = {
  idsOf: async (transaction, subject, premisesId) => {
    const rows = await transaction.query<{ id: string }>(
      `SELECT id FROM smart_home.vehicle_permits WHERE subject = $1 AND premises_id = $2 AND removed_at IS NULL
       ORDER BY id FOR UPDATE`,
      [subject, premisesId],
    );
    return rows.map(({ id }) => id);
  },
  hold: async (transaction, id) => {
    const rows = await transaction.query(
      'SELECT 1 FROM smart_home.vehicle_permits WHERE id = $1 AND removed_at IS NULL FOR UPDATE',
      [id],
    );
    return rows.length > 0;
  },
  takeBack: async (transaction, id, operationId, at) => {
    await transaction.query(
      `UPDATE smart_home.vehicle_permits SET provisioning = 'REMOVING', provisioning_error = NULL, provisioning_since = $3,
         operation_id = $2 WHERE id = $1`,
      [id, operationId, at],
    );
  },
  follow: async (transaction, { id, operationId, provisioning, error, at, from }) => {
    await transaction.query(
      `UPDATE smart_home.vehicle_permits SET provisioning = $3, provisioning_error = $4, provisioning_since = $5,
         removed_at = CASE WHEN $3 = 'REMOVED' THEN $5::timestamptz ELSE removed_at END WHERE id = $1 AND operation_id = $2
         AND ($6::text IS NULL OR provisioning = $6)`,
      [id, operationId, provisioning, error, at, from ?? null],
    );
  },
  tell: async (transaction, id, at) => {
    await transaction.query('UPDATE smart_home.vehicle_permits SET told_at = $2 WHERE id = $1 AND told_at IS NULL', [
      id,
      at,
    ]);
  },
  setPlatformRef: async (transaction, id, platformRef) => {
    await transaction.query('UPDATE smart_home.vehicle_permits SET platform_ref = $2 WHERE id = $1', [id, platformRef]);
  },
  untell: async (transaction, id) => {
    await transaction.query('UPDATE smart_home.vehicle_permits SET platform_ref = NULL, told_at = NULL WHERE id = $1', [
      id,
    ]);
  },
};

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
    toldAt: row.told_at,
  });
  /** One complex's index says nothing about another's. */
  const indexOf = (complexId: string, { country, canonical }: Plate): Buffer =>
    vault.blindIndex(`${country}:${canonical}`, `plate|${complexId}`);

  return {
    ...CHANGES,
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
    countIn: async (on, premisesId) => {
      const [row] = await on.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM smart_home.vehicle_permits WHERE premises_id = $1 AND removed_at IS NULL',
        [premisesId],
      );
      return row?.count ?? 0;
    },
    ownOf: async (transaction, { subject, premisesId, complexId, plate }) => {
      const [row] = await transaction.query<{ id: string }>(
        `SELECT id FROM smart_home.vehicle_permits
         WHERE premises_id = $1 AND subject = $2 AND plate_index = $3 AND removed_at IS NULL FOR UPDATE`,
        [premisesId, subject, indexOf(complexId, plate)],
      );
      return row?.id;
    },
    othersOf: async (id) => {
      const rows = await database.query<{ platform_ref: string | null }>(
        `SELECT other.platform_ref FROM smart_home.vehicle_permits mine JOIN smart_home.vehicle_permits other
           ON other.premises_id = mine.premises_id AND other.plate_index = mine.plate_index AND other.id <> mine.id
         WHERE mine.id = $1 AND other.removed_at IS NULL AND other.told_at IS NOT NULL`,
        [id],
      );
      return rows.map(({ platform_ref }) => platform_ref);
    },
    put: async (transaction, permit) => {
      await transaction.query(
        `INSERT INTO smart_home.vehicle_permits
           (id, premises_id, subject, plate_sealed, plate_index, country, comment_sealed, valid_from, valid_until, auto_open, access_point_ids,
            provisioning, provisioning_since, created_at, operation_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'QUEUED', $12, $12, $13)
         ON CONFLICT (id) DO UPDATE SET comment_sealed = EXCLUDED.comment_sealed, valid_from = EXCLUDED.valid_from,
           valid_until = EXCLUDED.valid_until, auto_open = EXCLUDED.auto_open, access_point_ids = EXCLUDED.access_point_ids,
           provisioning = 'QUEUED', provisioning_error = NULL, provisioning_since = EXCLUDED.provisioning_since,
           operation_id = EXCLUDED.operation_id`,
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
          permit.operationId,
        ],
      );
    },
  };
};
