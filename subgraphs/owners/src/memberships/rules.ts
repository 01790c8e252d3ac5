/** When a membership is in force, and in which order memberships are listed. */
import { HouseError } from '@house/kernel/errors';
import type { Membership, MembershipRole, MembershipStatus } from '../model.ts';

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
