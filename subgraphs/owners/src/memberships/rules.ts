/** When a membership is in force, what a change of it may be, and in which order memberships are listed. */
import { type ErrorCode, HouseError } from '@house/kernel/errors';
import type { Membership, MembershipRole, MembershipStatus, Permission } from '../model.ts';

export type StoredStatus = Exclude<MembershipStatus, 'EXPIRED'>;

type Validity = { readonly status: StoredStatus; readonly validFrom: Date; readonly validUntil: Date | null };

/** The end is exclusive: at `validUntil` the membership is over. One that has not begun is PENDING. */
export const statusAt = ({ status, validFrom, validUntil }: Validity, now: Date): MembershipStatus => {
  if (status === 'REVOKED') return 'REVOKED';
  if (validUntil !== null && validUntil <= now) return 'EXPIRED';
  return status === 'ACTIVE' && now < validFrom ? 'PENDING' : status;
};

const RANK: Readonly<Record<MembershipRole, number>> = { OWNER: 0, RESIDENT: 1, TENANT: 2 };

/** The membership by which a person acts in premises: of several, the one that carries most. */
export const strongest = (memberships: readonly Membership[]): Membership | null =>
  memberships.toSorted((one, other) => RANK[one.role] - RANK[other.role])[0] ?? null;

type Stay = Pick<Membership, 'validUntil'>;

const staysAsLongAs = (other: Stay, one: Stay): boolean =>
  other.validUntil === null || (one.validUntil !== null && one.validUntil <= other.validUntil);

/** Whether the premises would some day have no owner, though they would have one if these memberships did not end. */
export const leavesNoOwner = (ended: readonly Membership[], household: readonly Membership[]): boolean => {
  const left = household.filter(
    ({ role, status, id }) => role === 'OWNER' && status === 'ACTIVE' && !ended.some((one) => one.id === id),
  );
  return ended.some((one) => one.role === 'OWNER' && !left.some((other) => staysAsLongAs(other, one)));
};

/** What is not given stays as it is; `validUntil: null` takes the end away. */
export type MembershipChange = {
  readonly permissions?: readonly Permission[] | null | undefined;
  readonly validUntil?: Date | null | undefined;
};
/** The most that whoever changes a membership may give. */
export type Ceiling = Pick<Membership, 'permissions' | 'validUntil'>;

const refusal = (code: ErrorCode, field: 'membershipId' | keyof MembershipChange, message?: string): HouseError =>
  new HouseError(code, { path: ['input', field], ...(message !== undefined && { message }) });

/**
 * What the membership becomes.
 * @throws HouseError `BAD_USER_INPUT` for an end that is not ahead, `END_REQUIRED` for a tenant's stay without one,
 * `PERMISSION_NOT_YOURS` and `VALIDITY_NOT_YOURS` above the ceiling, `LAST_OWNER` when the last owner would lose any.
 */
export const changed = (
  membership: Membership,
  change: MembershipChange,
  { ceiling, household, now }: { ceiling: Ceiling; household: readonly Membership[]; now: Date },
): Pick<Membership, 'permissions' | 'validUntil'> => {
  const permissions = [...new Set(change.permissions ?? membership.permissions)];
  const validUntil = change.validUntil === undefined ? membership.validUntil : change.validUntil;
  if (change.validUntil && (change.validUntil <= now || change.validUntil <= membership.validFrom))
    throw refusal('BAD_USER_INPUT', 'validUntil', 'The end lies ahead, after the beginning.');
  if (membership.role === 'TENANT' && validUntil === null) throw refusal('END_REQUIRED', 'validUntil');
  if (change.permissions && !permissions.every((permission) => ceiling.permissions.includes(permission)))
    throw refusal('PERMISSION_NOT_YOURS', 'permissions');
  if (change.validUntil !== undefined && !staysAsLongAs(ceiling, { validUntil }))
    throw refusal('VALIDITY_NOT_YOURS', 'validUntil');
  const loses =
    !membership.permissions.every((permission) => permissions.includes(permission)) ||
    !staysAsLongAs({ validUntil }, membership);
  if (loses && leavesNoOwner([membership], household)) throw refusal('LAST_OWNER', 'membershipId');
  return { permissions, validUntil };
};

type Placed = { readonly id: string; readonly validFrom: Date };

/** By beginning, then by id: a row keeps its place however often the list is read. */
export const inOrder = (one: Placed, other: Placed): number =>
  one.validFrom.getTime() - other.validFrom.getTime() || (one.id < other.id ? -1 : Number(one.id > other.id));

export const cursorOf = ({ id, validFrom }: Placed): string =>
  Buffer.from(`${validFrom.getTime()}.${id}`).toString('base64url');

const placeOf = (cursor: string): Placed => {
  const [, time, id] = /^(-?\d{1,15})\.([A-Za-z0-9_-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (!time || !id)
    throw new HouseError('BAD_USER_INPUT', { path: ['after'], message: '`after` is not a cursor of this list.' });
  return { validFrom: new Date(Number(time)), id };
};

export type PageArguments = { readonly first?: number | null; readonly after?: string | null };

const FIRST_DEFAULT = 20;
const FIRST_LIMIT = 100;

/**
 * The part of a list that the arguments name. A cursor stays good when the row that it was made from is gone.
 * @throws BAD_USER_INPUT for a `first` outside 1..100 and for a cursor that is not ours.
 */
export const page = <Item extends Placed>(
  items: readonly Item[],
  { first, after }: PageArguments,
): { edges: { node: Item; cursor: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } => {
  const size = first ?? FIRST_DEFAULT;
  if (size < 1 || size > FIRST_LIMIT)
    throw new HouseError('BAD_USER_INPUT', { path: ['first'], message: '`first` lies between 1 and 100.' });
  const place = after == null ? null : placeOf(after);
  const rest = items.toSorted(inOrder).filter((item) => place === null || inOrder(item, place) > 0);
  const edges = rest.slice(0, size).map((node) => ({ node, cursor: cursorOf(node) }));
  return { edges, pageInfo: { hasNextPage: rest.length > size, endCursor: edges.at(-1)?.cursor ?? null } };
};
