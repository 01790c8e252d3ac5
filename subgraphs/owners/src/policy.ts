/**
 * Who may read and who may change what: the one place where it is decided, by pure functions over what was loaded.
 *
 * Roles and scopes have been checked by the gateway; here it is decided whether this object may be shown to this
 * viewer (domain matrix, "me" to "leavePremises"). `null` or `false` means: answer as if the object did not exist.
 * A resident sees through memberships in force; a member of staff, or a machine client, through the roles and complexes of the token or key.
 */
import type { Principal } from '@house/kernel/principal';
import type { Invitation, Membership, StaffRole } from './model.ts';

/** In what capacity somebody without a membership sees premises: staff, or a machine client, each of its complexes. */
export type ServingRole = StaffRole | 'SERVICE';

/** Who is asking. */
export type Viewer = {
  /** Null for an account that is not registered here. */
  readonly personId: string | null;
  /** The viewer's own memberships that are in force now. */
  readonly memberships: readonly Membership[];
  readonly servingRoles: readonly ServingRole[];
  /** The complexes that those roles are held in. */
  readonly complexes: readonly string[];
};

/** How much of a person's name is shown. Phones are always masked. */
export type PersonSight = 'CLEAR' | 'MASKED';
/** What is shown of premises beyond kind and complex. */
export type PremisesSight = { readonly label: 'CLEAR' | 'MASKED'; readonly suspension: boolean };
/** Premises as far as the policy needs them. */
export type PremisesPlace = { readonly id: string; readonly complex: { readonly id: string } };

type ServingSight = { readonly premises: PremisesSight; readonly members: PersonSight | null };

/** What each role sees of the premises of its complex; a machine that there are such, and nothing of anybody's. */
const SERVING: Readonly<Record<ServingRole, ServingSight>> = {
  CONCIERGE: { premises: { label: 'CLEAR', suspension: false }, members: null },
  SECURITY: { premises: { label: 'CLEAR', suspension: false }, members: null },
  MANAGER: { premises: { label: 'CLEAR', suspension: true }, members: 'CLEAR' },
  SUPPORT: { premises: { label: 'MASKED', suspension: true }, members: 'MASKED' },
  AUDITOR: { premises: { label: 'MASKED', suspension: true }, members: null },
  SERVICE: { premises: { label: 'MASKED', suspension: false }, members: null },
};

export const isServingRole = (name: string): name is ServingRole => Object.hasOwn(SERVING, name);

const MEMBER: PremisesSight = { label: 'CLEAR', suspension: true };
/** Whoever was or will be a member knows which premises those are, and nothing of what happens there. */
const NOT_IN_FORCE: PremisesSight = { label: 'CLEAR', suspension: false };

const servesComplex = (viewer: Viewer, complexId: string): boolean => viewer.complexes.includes(complexId);

const servingSights = (viewer: Viewer, complexId: string): ServingSight[] =>
  servesComplex(viewer, complexId) ? viewer.servingRoles.map((role) => SERVING[role]) : [];

const within = (viewer: Viewer, premisesId: string): Membership[] =>
  viewer.memberships.filter((membership) => membership.premisesId === premisesId);

/** The clearer of what several roles see; null when none sees anything. */
const clearer = (sights: readonly (PersonSight | null)[]): PersonSight | null => {
  if (sights.includes('CLEAR')) return 'CLEAR';
  return sights.includes('MASKED') ? 'MASKED' : null;
};

export const premisesSight = (viewer: Viewer, premises: PremisesPlace): PremisesSight | null => {
  if (within(viewer, premises.id).length > 0) return MEMBER;
  const sights = servingSights(viewer, premises.complex.id).map((sight) => sight.premises);
  if (sights.length === 0) return null;
  return {
    label: clearer(sights.map(({ label }) => label)) ?? 'MASKED',
    suspension: sights.some(({ suspension }) => suspension),
  };
};

/** Premises reached through a membership that the viewer may read, possibly a past one of the viewer's own. */
export const premisesSightThrough = (
  viewer: Viewer,
  membership: Membership,
  premises: PremisesPlace,
): PremisesSight | null =>
  premisesSight(viewer, premises) ?? (membership.personId === viewer.personId ? NOT_IN_FORCE : null);

/** A complex is known to those who live in it and those who serve it. */
export const mayReadComplex = (viewer: Viewer, complexId: string, complexesOfViewer: ReadonlySet<string>): boolean =>
  complexesOfViewer.has(complexId) || servingSights(viewer, complexId).length > 0;

/**
 * Owners and family see everybody in their premises; tenants see tenants, so that a let flat keeps its owner's and its
 * tenants' households apart while the owner still knows who lives there. What ended stays visible to those who
 * may let somebody in again (owner and staff); what was revoked only to the person it was taken from.
 */
const seenByMember = (mine: Membership, other: Membership): boolean => {
  if (other.status === 'REVOKED') return false;
  if (other.status === 'EXPIRED') return mine.role === 'OWNER';
  return mine.role !== 'TENANT' || other.role === 'TENANT';
};

/** How the person of a membership is shown to whoever may read that membership. */
export const membershipSight = (
  viewer: Viewer,
  membership: Membership,
  premises: PremisesPlace,
): PersonSight | null => {
  if (membership.personId === viewer.personId) return 'CLEAR';
  if (within(viewer, membership.premisesId).some((mine) => seenByMember(mine, membership))) return 'CLEAR';
  if (membership.status === 'REVOKED') return null;
  return clearer(servingSights(viewer, premises.complex.id).map((sight) => sight.members));
};

/** A person is seen by oneself and through any membership that may be read. */
export const personSight = (
  viewer: Viewer,
  personId: string,
  memberships: readonly { readonly membership: Membership; readonly premises: PremisesPlace }[],
): PersonSight | null => {
  if (personId === viewer.personId) return 'CLEAR';
  return clearer(memberships.map(({ membership, premises }) => membershipSight(viewer, membership, premises)));
};

/** An owner sees every invitation to the premises; others who may invite see their own. */
export const mayReadInvitation = (viewer: Viewer, invitation: Invitation): boolean =>
  within(viewer, invitation.premisesId).some(
    (mine) => mine.role === 'OWNER' || (mine.permissions.includes('MEMBER_INVITE') && invitation.invitedBy === mine.id),
  );

/** By what right somebody changes a membership. */
export type ChangeRight = { readonly as: 'OWNER' | 'INVITER'; readonly mine: Membership } | { readonly as: 'MANAGER' };

/**
 * Owners may change and revoke any membership of their premises, others those that they brought in themselves, and the
 * manager of the complex any. What has ended is nobody's to change.
 */
export const rightToChange = (viewer: Viewer, membership: Membership, premises: PremisesPlace): ChangeRight | null => {
  if (membership.status === 'EXPIRED' || membership.status === 'REVOKED') return null;
  const mine = within(viewer, premises.id);
  const owner = mine.find(({ role }) => role === 'OWNER');
  if (owner) return { as: 'OWNER', mine: owner };
  const inviter = mine.find(({ id }) => id === membership.invitedBy);
  if (inviter) return { as: 'INVITER', mine: inviter };
  return servesComplex(viewer, premises.complex.id) && viewer.servingRoles.includes('MANAGER')
    ? { as: 'MANAGER' }
    : null;
};

/** For so long a sign-in counts as a fresh one. */
const STEP_UP_MS = 5 * 60 * 1_000;

/** What the right is not good without: an owner's fresh sign-in, a manager's reason. Null when nothing is missing. */
export const missingFor = (
  right: ChangeRight,
  { authTime, reason }: Pick<Principal, 'authTime' | 'reason'>,
  now: Date,
): 'STEP_UP_REQUIRED' | 'REASON_REQUIRED' | null => {
  const isFresh = authTime !== undefined && now.getTime() - authTime.getTime() <= STEP_UP_MS;
  if (right.as === 'OWNER' && !isFresh) return 'STEP_UP_REQUIRED';
  return right.as === 'MANAGER' && reason === undefined ? 'REASON_REQUIRED' : null;
};

/** How the person of a membership is shown to whoever changed it, in the answer: what was revoked just now, too. */
export const changedSight = (viewer: Viewer, membership: Membership, premises: PremisesPlace): PersonSight | null =>
  within(viewer, membership.premisesId).some(({ id }) => id === membership.invitedBy)
    ? 'CLEAR'
    : membershipSight(viewer, { ...membership, status: 'ACTIVE' }, premises);

/** Consents are between the person and the operator of personal data. */
export const mayReadConsents = (viewer: Viewer, personId: string): boolean => personId === viewer.personId;
