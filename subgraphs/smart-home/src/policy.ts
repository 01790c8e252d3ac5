/**
 * Who may do what to which premises: pure, and asked twice — when a request comes and again when its command is about
 * to be sent. Roles and scopes were decided at the gateway; this is about the object.
 */
import type { ErrorCode } from '@house/kernel/errors';
import { isStaff, type Principal } from '@house/kernel/principal';
import type { Membership, Standing } from './standing.ts';

export type Permission = 'ACCESS_OPEN' | 'VEHICLE_MANAGE';

const inForce = ({ status, validFrom, validUntil }: Membership, now: Date): boolean =>
  status === 'ACTIVE' && validFrom <= now && (validUntil === null || validUntil > now);

/** The caller's membership of the premises, if it is in force. */
export const membershipIn = (standing: Standing, premisesId: string, now: Date): Membership | undefined =>
  standing.memberships.find((membership) => membership.premises.id === premisesId && inForce(membership, now));

/** Who may see the access points and capabilities of premises: members, and the staff of the complex. */
export const maySeeAccess = (
  principal: Principal,
  standing: Standing,
  premises: { id: string; complexId: string },
  now: Date,
): boolean =>
  membershipIn(standing, premises.id, now) !== undefined || principal.complexes.includes(premises.complexId);

/** Roles of staff that may see masked plates of their complex. */
const STAFF_WHO_SEE_VEHICLES = new Set(['manager', 'support']);

/** Whose permits a caller sees: an owner all of the premises', a resident or tenant their own, staff by role. */
export const vehiclesVisible = (
  principal: Principal,
  standing: Standing,
  premises: { id: string; complexId: string },
  now: Date,
): 'all' | 'own' | 'none' => {
  const membership = membershipIn(standing, premises.id, now);
  if (membership) return membership.role === 'OWNER' ? 'all' : 'own';
  if (!isStaff(principal) || !principal.complexes.includes(premises.complexId)) return 'none';
  return principal.roles.some((role) => STAFF_WHO_SEE_VEHICLES.has(role)) ? 'all' : 'none';
};

const suspended = ({ premises: { suspension } }: Membership, now: Date): boolean =>
  suspension !== null && suspension.since <= now && (suspension.until === null || suspension.until > now);

/** Why the person may not, or null. `NOT_FOUND`: the premises are none of theirs. */
const refusal = (standing: Standing, premisesId: string, permission: Permission, now: Date): ErrorCode | null => {
  const membership = membershipIn(standing, premisesId, now);
  if (!membership) return 'NOT_FOUND';
  if (!membership.permissions.includes(permission)) return 'PERMISSION_MISSING';
  return suspended(membership, now) ? 'PREMISES_SUSPENDED' : null;
};

const consented = (standing: Standing, purpose: string, now: Date): boolean =>
  standing.consents.some(
    (consent) =>
      consent.purpose === purpose && consent.status === 'ACTIVE' && (!consent.expiresAt || consent.expiresAt > now),
  );

/** Opening by app: an active membership with ACCESS_OPEN; suspension stops remote opening, never the physical key. */
export const openRefusal = (standing: Standing, premisesId: string, now: Date): ErrorCode | null =>
  refusal(standing, premisesId, 'ACCESS_OPEN', now);

/**
 * Adding a vehicle: VEHICLE_MANAGE, and a consent to plate recognition and to passing it on (152-FZ arts. 6, 9).
 */
export const addVehicleRefusal = (standing: Standing, premisesId: string, now: Date): ErrorCode | null =>
  refusal(standing, premisesId, 'VEHICLE_MANAGE', now) ??
  (consented(standing, 'VEHICLE_ACCESS', now) && consented(standing, 'PLATFORM_TRANSFER', now)
    ? null
    : 'CONSENT_REQUIRED');

/**
 * Removing a vehicle: an owner any of the premises', others their own. Neither suspension nor a missing consent keeps
 * anybody from taking data back.
 */
export const removeVehicleRefusal = (
  standing: Standing,
  permit: { premisesId: string; subject: string },
  subject: string,
  now: Date,
): ErrorCode | null => {
  const membership = membershipIn(standing, permit.premisesId, now);
  if (!membership || (membership.role !== 'OWNER' && permit.subject !== subject)) return 'NOT_FOUND';
  return membership.permissions.includes('VEHICLE_MANAGE') ? null : 'PERMISSION_MISSING';
};
