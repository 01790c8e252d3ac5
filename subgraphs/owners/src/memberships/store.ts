/** The only SQL about memberships and invitations. An invited phone is sealed at rest. */
import type { Queryable } from '@house/kernel/database';
import type { Vault } from '@house/kernel/vault';
import type { Invitation, Membership, MembershipRole, Permission } from '../model.ts';
import { PHONE_INDEX } from '../people/people.ts';
import type { StoredStatus } from './rules.ts';

export type StoredMembership = Omit<Membership, 'status'> & { readonly status: StoredStatus };
/** With the account of its person and the complex of its premises, which the command to the platform is about. */
export type HouseholdRow = StoredMembership & { readonly account: string; readonly complexId: string };

type MembershipRow = {
  id: string;
  person_id: string;
  premises_id: string;
  invited_by: string | null;
  role: MembershipRole;
  permissions: Permission[];
  status: StoredStatus;
  valid_from: Date;
  valid_until: Date | null;
};
type InvitationRow = {
  id: string;
  premises_id: string;
  invited_by: string;
  role: MembershipRole;
  permissions: Permission[];
  phone: Uint8Array;
  created_at: Date;
  expires_at: Date;
  accepted_at: Date | null;
};

const MEMBERSHIP = 'id, person_id, premises_id, invited_by, role, permissions, status, valid_from, valid_until';
const INVITATION = 'id, premises_id, invited_by, role, permissions, phone, created_at, expires_at, accepted_at';

export type MembershipsStore = {
  byIds(ids: readonly string[]): Promise<StoredMembership[]>;
  byPeople(personIds: readonly string[]): Promise<StoredMembership[]>;
  byPremises(premisesIds: readonly string[]): Promise<StoredMembership[]>;
  invitationsByIds(ids: readonly string[]): Promise<Invitation[]>;
  invitationsByPremises(premisesIds: readonly string[]): Promise<Invitation[]>;
  /** Adds a membership; one whose id is known stays as it is. */
  add(transaction: Queryable, membership: StoredMembership): Promise<void>;
  addInvitation(transaction: Queryable, invitation: Invitation): Promise<void>;
  /** Everybody in the premises. Nobody else reads them so, or changes one, until the transaction ends. */
  lockHousehold(transaction: Queryable, premisesId: string): Promise<HouseholdRow[]>;
  premisesOf(transaction: Queryable, membershipId: string): Promise<string | undefined>;
  revoke(transaction: Queryable, ids: readonly string[]): Promise<void>;
  update(
    transaction: Queryable,
    membership: Pick<StoredMembership, 'id' | 'permissions' | 'validUntil'>,
  ): Promise<void>;
};

const toMembership = (row: MembershipRow): StoredMembership => ({
  id: row.id,
  personId: row.person_id,
  premisesId: row.premises_id,
  invitedBy: row.invited_by,
  role: row.role,
  permissions: row.permissions,
  status: row.status,
  validFrom: row.valid_from,
  validUntil: row.valid_until,
});

export const createMembershipsStore = ({
  database,
  vault,
}: {
  database: Queryable;
  vault: Vault;
}): MembershipsStore => {
  const toInvitation = (row: InvitationRow): Invitation => ({
    id: row.id,
    premisesId: row.premises_id,
    invitedBy: row.invited_by,
    role: row.role,
    permissions: row.permissions,
    phone: vault.open(row.phone, `invitations.phone|${row.id}`),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    acceptedAt: row.accepted_at,
  });
  const memberships = (column: 'id' | 'person_id' | 'premises_id') => async (keys: readonly string[]) =>
    (
      await database.query<MembershipRow>(
        `SELECT ${MEMBERSHIP} FROM owners.memberships WHERE ${column} = ANY($1::text[]) ORDER BY valid_from, id`,
        [keys],
      )
    ).map(toMembership);
  const invitations = (column: 'id' | 'premises_id') => async (keys: readonly string[]) =>
    (
      await database.query<InvitationRow>(
        `SELECT ${INVITATION} FROM owners.invitations WHERE ${column} = ANY($1::text[]) ORDER BY created_at, id`,
        [keys],
      )
    ).map(toInvitation);
  return {
    byIds: memberships('id'),
    byPeople: memberships('person_id'),
    byPremises: memberships('premises_id'),
    invitationsByIds: invitations('id'),
    invitationsByPremises: invitations('premises_id'),
    add: async (transaction, membership) => {
      const { id, personId, premisesId, invitedBy, role, permissions, status, validFrom, validUntil } = membership;
      await transaction.query(
        `INSERT INTO owners.memberships (${MEMBERSHIP}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO NOTHING`,
        [id, personId, premisesId, invitedBy, role, permissions, status, validFrom, validUntil],
      );
    },
    addInvitation: async (transaction, invitation) => {
      const { id, premisesId, invitedBy, role, permissions, phone, createdAt, expiresAt, acceptedAt } = invitation;
      await transaction.query(
        `INSERT INTO owners.invitations (${INVITATION}, phone_index) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [
          id,
          premisesId,
          invitedBy,
          role,
          permissions,
          vault.seal(phone, `invitations.phone|${id}`),
          createdAt,
          expiresAt,
          acceptedAt,
          vault.blindIndex(phone, PHONE_INDEX),
        ],
      );
    },
    lockHousehold: async (transaction, premisesId) =>
      (
        await transaction.query<MembershipRow & { account: string; complex_id: string }>(
          `SELECT memberships.*, people.account, premises.complex_id
             FROM owners.memberships
             JOIN owners.people ON people.id = memberships.person_id
             JOIN owners.premises ON premises.id = memberships.premises_id
            WHERE memberships.premises_id = $1
            ORDER BY memberships.id
              FOR NO KEY UPDATE OF memberships`,
          [premisesId],
        )
      ).map((row) => ({ ...toMembership(row), account: row.account, complexId: row.complex_id })),
    premisesOf: async (transaction, membershipId) => {
      const [row] = await transaction.query<{ premises_id: string }>(
        'SELECT premises_id FROM owners.memberships WHERE id = $1',
        [membershipId],
      );
      return row?.premises_id;
    },
    revoke: async (transaction, ids) => {
      await transaction.query("UPDATE owners.memberships SET status = 'REVOKED' WHERE id = ANY($1::text[])", [ids]);
    },
    update: async (transaction, { id, permissions, validUntil }) => {
      await transaction.query('UPDATE owners.memberships SET permissions = $2, valid_until = $3 WHERE id = $1', [
        id,
        permissions,
        validUntil,
      ]);
    },
  };
};
