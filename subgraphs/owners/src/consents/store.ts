/** The only SQL about consents. */
import type { Queryable } from '@house/kernel/database';
import type { ConsentPurpose, SignatureKind } from '../model.ts';
import type { StoredConsent } from './rules.ts';

type Row = {
  id: string;
  person_id: string;
  purpose: ConsentPurpose;
  text_version: string;
  text_sha256: string;
  signature: SignatureKind;
  given_at: Date;
  expires_at: Date | null;
  withdrawn_at: Date | null;
  superseded_at: Date | null;
  destroy_by: Date | null;
};

const COLUMNS =
  'id, person_id, purpose, text_version, text_sha256, signature, given_at, expires_at, withdrawn_at, superseded_at, destroy_by';

export type ConsentsStore = {
  byIds(ids: readonly string[]): Promise<StoredConsent[]>;
  byPeople(personIds: readonly string[]): Promise<StoredConsent[]>;
  /** Adds a consent; one whose id is known stays as it is. */
  add(transaction: Queryable, consent: StoredConsent): Promise<void>;
};

const toConsent = (row: Row): StoredConsent => ({
  id: row.id,
  personId: row.person_id,
  purpose: row.purpose,
  textVersion: row.text_version,
  textSha256: row.text_sha256,
  signature: row.signature,
  givenAt: row.given_at,
  expiresAt: row.expires_at,
  withdrawnAt: row.withdrawn_at,
  supersededAt: row.superseded_at,
  destroyBy: row.destroy_by,
});

export const createConsentsStore = ({ database }: { database: Queryable }): ConsentsStore => {
  const consents = (column: 'id' | 'person_id') => async (keys: readonly string[]) =>
    (
      await database.query<Row>(
        `SELECT ${COLUMNS} FROM owners.consents WHERE ${column} = ANY($1::text[]) ORDER BY given_at, id`,
        [keys],
      )
    ).map(toConsent);
  return {
    byIds: consents('id'),
    byPeople: consents('person_id'),
    add: async (transaction, consent) => {
      await transaction.query(
        `INSERT INTO owners.consents (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (id) DO NOTHING`,
        [
          consent.id,
          consent.personId,
          consent.purpose,
          consent.textVersion,
          consent.textSha256,
          consent.signature,
          consent.givenAt,
          consent.expiresAt,
          consent.withdrawnAt,
          consent.supersededAt,
          consent.destroyBy,
        ],
      );
    },
  };
};
