import type { Principal } from '@house/kernel/principal';
import { expect, test } from '@jest/globals';
import { addVehicleRefusal, maySeeAccess, openRefusal, removeVehicleRefusal, vehiclesVisible } from './policy.ts';
import type { Membership, Standing } from './standing.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const HOME = { id: 'pr_1', complexId: 'cx_1' };

const member = (overrides: Partial<Membership> = {}): Membership => ({
  id: 'me_1',
  role: 'OWNER',
  permissions: ['ACCESS_OPEN', 'VEHICLE_MANAGE'],
  status: 'ACTIVE',
  validFrom: new Date('2026-01-01T00:00:00Z'),
  validUntil: null,
  premises: { id: HOME.id, complex: { id: HOME.complexId }, suspension: null },
  ...overrides,
});
const consents = ['VEHICLE_ACCESS', 'PLATFORM_TRANSFER'].map((purpose) => ({
  purpose,
  status: 'ACTIVE',
  expiresAt: null,
}));
const standing = (membership?: Membership): Standing => ({ memberships: membership ? [membership] : [], consents });
const principal = (overrides: Partial<Principal> = {}): Principal => ({
  subject: 'somebody',
  clientId: 'app',
  roles: ['resident'],
  scopes: [],
  complexes: [],
  tokenId: 't',
  expiresAt: NOW,
  ...overrides,
});

test('a member opens, a neighbour finds nothing', () => {
  expect(openRefusal(standing(member()), HOME.id, NOW)).toBeNull();
  expect(openRefusal(standing(member()), 'pr_2', NOW)).toBe('NOT_FOUND');
  expect(openRefusal(standing(), HOME.id, NOW)).toBe('NOT_FOUND');
});

test.each([
  ['not begun', { validFrom: new Date('2026-03-02T00:00:00Z') }],
  ['just ended', { validUntil: NOW }],
  ['revoked', { status: 'REVOKED' }],
  ['pending', { status: 'PENDING' }],
])('a membership that has %s opens nothing', (_, overrides) => {
  expect(openRefusal(standing(member(overrides)), HOME.id, NOW)).toBe('NOT_FOUND');
});

test('without the permission nothing opens', () => {
  expect(openRefusal(standing(member({ permissions: ['VEHICLE_MANAGE'] })), HOME.id, NOW)).toBe('PERMISSION_MISSING');
});

test('suspended premises open nothing remotely until the suspension ends', () => {
  const since = new Date('2026-02-01T00:00:00Z');
  const suspendedUntil = (until: Date | null) =>
    standing(member({ premises: { ...member().premises, suspension: { since, until } } }));
  expect(openRefusal(suspendedUntil(null), HOME.id, NOW)).toBe('PREMISES_SUSPENDED');
  expect(openRefusal(suspendedUntil(NOW), HOME.id, NOW)).toBeNull();
});

test('no plate is taken without both consents in force', () => {
  const withConsents = (given: Standing['consents']) => ({ ...standing(member()), consents: given });
  expect(addVehicleRefusal(standing(member()), HOME.id, NOW)).toBeNull();
  expect(addVehicleRefusal(withConsents(consents.slice(0, 1)), HOME.id, NOW)).toBe('CONSENT_REQUIRED');
  expect(
    addVehicleRefusal(withConsents(consents.map((consent) => ({ ...consent, status: 'WITHDRAWN' }))), HOME.id, NOW),
  ).toBe('CONSENT_REQUIRED');
  expect(
    addVehicleRefusal(withConsents(consents.map((consent) => ({ ...consent, expiresAt: NOW }))), HOME.id, NOW),
  ).toBe('CONSENT_REQUIRED');
});

test('an owner takes any vehicle of the premises off the list, others only their own, even while suspended', () => {
  const permit = { premisesId: HOME.id, subject: 'somebody else' };
  expect(removeVehicleRefusal(standing(member()), permit, 'me', NOW)).toBeNull();
  expect(removeVehicleRefusal(standing(member({ role: 'RESIDENT' })), permit, 'me', NOW)).toBe('NOT_FOUND');
  expect(
    removeVehicleRefusal(standing(member({ role: 'RESIDENT' })), { ...permit, subject: 'me' }, 'me', NOW),
  ).toBeNull();
  const suspension = { since: new Date('2026-02-01T00:00:00Z'), until: null };
  expect(
    removeVehicleRefusal(standing(member({ premises: { ...member().premises, suspension } })), permit, 'me', NOW),
  ).toBeNull();
});

test('an owner sees all vehicles, a resident their own, staff by role and complex, strangers none', () => {
  expect(vehiclesVisible(principal(), standing(member()), HOME, NOW)).toBe('all');
  expect(vehiclesVisible(principal(), standing(member({ role: 'RESIDENT' })), HOME, NOW)).toBe('own');
  expect(vehiclesVisible(principal(), standing(), HOME, NOW)).toBe('none');
  const staff = (role: string, complex: string) => principal({ roles: [role], complexes: [complex] });
  expect(vehiclesVisible(staff('manager', 'cx_1'), standing(), HOME, NOW)).toBe('all');
  expect(vehiclesVisible(staff('manager', 'cx_2'), standing(), HOME, NOW)).toBe('none');
  expect(vehiclesVisible(staff('concierge', 'cx_1'), standing(), HOME, NOW)).toBe('none');
});

test('doors are seen by those who live there and by the staff of the complex', () => {
  expect(maySeeAccess(principal(), standing(member()), HOME, NOW)).toBe(true);
  expect(maySeeAccess(principal(), standing(), HOME, NOW)).toBe(false);
  expect(maySeeAccess(principal({ complexes: ['cx_1'] }), standing(), HOME, NOW)).toBe(true);
  expect(maySeeAccess(principal({ complexes: ['cx_2'] }), standing(), HOME, NOW)).toBe(false);
});
