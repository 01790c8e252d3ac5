import { expect, test } from '@jest/globals';
import type { Invitation, Membership, MembershipRole, MembershipStatus, StaffRole } from './model.ts';
import {
  changedSight,
  isServingRole,
  mayReadComplex,
  mayReadConsents,
  mayReadInvitation,
  membershipSight,
  missingFor,
  personSight,
  premisesSight,
  premisesSightThrough,
  rightToChange,
  type ServingRole,
  type Viewer,
} from './policy.ts';

const ROLES: readonly MembershipRole[] = ['OWNER', 'RESIDENT', 'TENANT'];
const STATUSES: readonly MembershipStatus[] = ['PENDING', 'ACTIVE', 'SUSPENDED', 'EXPIRED', 'REVOKED'];
const STAFF: readonly StaffRole[] = ['CONCIERGE', 'SECURITY', 'MANAGER', 'SUPPORT', 'AUDITOR'];

const flat = { id: 'pr_1', complex: { id: 'cx_1' } };
const elsewhere = { id: 'pr_2', complex: { id: 'cx_2' } };

const membership = (changes: Partial<Membership> = {}): Membership => ({
  id: 'me_1',
  personId: 'pe_1',
  premisesId: flat.id,
  invitedBy: null,
  role: 'OWNER',
  permissions: [],
  status: 'ACTIVE',
  validFrom: new Date(0),
  validUntil: null,
  ...changes,
});
const stranger: Viewer = { personId: 'pe_0', memberships: [], servingRoles: [], complexes: [] };
const member = (role: MembershipRole, changes: Partial<Membership> = {}): Viewer => ({
  ...stranger,
  memberships: [membership({ id: 'me_0', personId: 'pe_0', role, ...changes })],
});
const staff = (...servingRoles: ServingRole[]): Viewer => ({ ...stranger, servingRoles, complexes: ['cx_1'] });
const EVERYBODY: readonly Viewer[] = [
  stranger,
  { ...stranger, personId: null },
  ...ROLES.map((role) => member(role)),
  ...STAFF.map((role) => staff(role)),
  staff('SERVICE'),
];

test('premises are seen by their members and by the staff of their complex, and by nobody else', () => {
  expect(ROLES.map((role) => premisesSight(member(role), flat))).toEqual(
    Array(3).fill({ label: 'CLEAR', suspension: true }),
  );
  expect(ROLES.map((role) => premisesSight(member(role), elsewhere))).toEqual([null, null, null]);
  expect(Object.fromEntries(STAFF.map((role) => [role, premisesSight(staff(role), flat)]))).toEqual({
    CONCIERGE: { label: 'CLEAR', suspension: false },
    SECURITY: { label: 'CLEAR', suspension: false },
    MANAGER: { label: 'CLEAR', suspension: true },
    SUPPORT: { label: 'MASKED', suspension: true },
    AUDITOR: { label: 'MASKED', suspension: true },
  });
  expect(STAFF.map((role) => premisesSight(staff(role), elsewhere))).toEqual(Array(5).fill(null));
  expect(premisesSight(stranger, flat)).toBeNull();
});

test('a complex in the token is worth nothing without a staff role, and a staff role nothing without the complex', () => {
  expect(premisesSight({ ...stranger, complexes: ['cx_1'] }, flat)).toBeNull();
  expect(premisesSight({ ...stranger, servingRoles: ['MANAGER'] }, flat)).toBeNull();
  expect(['resident', 'service', 'RESIDENT', 'constructor'].filter(isServingRole)).toEqual([]);
});

test('a machine client sees which premises its complex has, and of nobody anything', () => {
  const machine = staff('SERVICE');
  expect(premisesSight(machine, flat)).toEqual({ label: 'MASKED', suspension: false });
  expect(premisesSight(machine, elsewhere)).toBeNull();
  expect([mayReadComplex(machine, 'cx_1', new Set()), mayReadComplex(machine, 'cx_2', new Set())]).toEqual([
    true,
    false,
  ]);
  for (const status of STATUSES) expect(membershipSight(machine, membership({ status }), flat)).toBeNull();
  expect(rightToChange(machine, membership(), flat)).toBeNull();
});

test('of several staff roles the clearer one counts', () => {
  expect(premisesSight(staff('CONCIERGE', 'SUPPORT'), flat)).toEqual({ label: 'CLEAR', suspension: true });
  expect(membershipSight(staff('SUPPORT', 'MANAGER'), membership(), flat)).toBe('CLEAR');
});

const SEEN: readonly [string, Viewer, Record<MembershipStatus, Record<MembershipRole, 'CLEAR' | 'MASKED' | null>>][] = [
  [
    'an owner',
    member('OWNER'),
    {
      PENDING: { OWNER: 'CLEAR', RESIDENT: 'CLEAR', TENANT: 'CLEAR' },
      ACTIVE: { OWNER: 'CLEAR', RESIDENT: 'CLEAR', TENANT: 'CLEAR' },
      SUSPENDED: { OWNER: 'CLEAR', RESIDENT: 'CLEAR', TENANT: 'CLEAR' },
      EXPIRED: { OWNER: 'CLEAR', RESIDENT: 'CLEAR', TENANT: 'CLEAR' },
      REVOKED: { OWNER: null, RESIDENT: null, TENANT: null },
    },
  ],
  [
    'a resident',
    member('RESIDENT'),
    {
      PENDING: { OWNER: 'CLEAR', RESIDENT: 'CLEAR', TENANT: 'CLEAR' },
      ACTIVE: { OWNER: 'CLEAR', RESIDENT: 'CLEAR', TENANT: 'CLEAR' },
      SUSPENDED: { OWNER: 'CLEAR', RESIDENT: 'CLEAR', TENANT: 'CLEAR' },
      EXPIRED: { OWNER: null, RESIDENT: null, TENANT: null },
      REVOKED: { OWNER: null, RESIDENT: null, TENANT: null },
    },
  ],
  [
    'a tenant',
    member('TENANT'),
    {
      PENDING: { OWNER: null, RESIDENT: null, TENANT: 'CLEAR' },
      ACTIVE: { OWNER: null, RESIDENT: null, TENANT: 'CLEAR' },
      SUSPENDED: { OWNER: null, RESIDENT: null, TENANT: 'CLEAR' },
      EXPIRED: { OWNER: null, RESIDENT: null, TENANT: null },
      REVOKED: { OWNER: null, RESIDENT: null, TENANT: null },
    },
  ],
];

test.each(SEEN)('%s sees of the same premises exactly the members that the matrix says', (_, viewer, expected) => {
  for (const status of STATUSES)
    for (const role of ROLES)
      expect([status, role, membershipSight(viewer, membership({ role, status }), flat)]).toEqual([
        status,
        role,
        expected[status][role],
      ]);
});

test('managers see members, support sees them masked, and no other staff sees any', () => {
  const seen = STAFF.map((role) => [role, membershipSight(staff(role), membership(), flat)]);
  expect(Object.fromEntries(seen)).toEqual({
    CONCIERGE: null,
    SECURITY: null,
    MANAGER: 'CLEAR',
    SUPPORT: 'MASKED',
    AUDITOR: null,
  });
  const there = membership({ premisesId: elsewhere.id });
  expect(STAFF.map((role) => membershipSight(staff(role), there, elsewhere))).toEqual(Array(5).fill(null));
  expect(membershipSight(staff('MANAGER'), membership({ status: 'REVOKED' }), flat)).toBeNull();
});

test('nobody outside sees a membership', () => {
  for (const viewer of [stranger, { ...stranger, personId: null }, member('OWNER', { premisesId: 'pr_9' })])
    for (const status of STATUSES) expect(membershipSight(viewer, membership({ status }), flat)).toBeNull();
});

test('one’s own membership is always one’s own to see, and the premises with it, but not what happens there', () => {
  for (const status of STATUSES) {
    const mine = membership({ personId: 'pe_0', status });
    expect(membershipSight(stranger, mine, flat)).toBe('CLEAR');
    expect(premisesSight(stranger, flat)).toBeNull();
    expect(premisesSightThrough(stranger, mine, flat)).toEqual({ label: 'CLEAR', suspension: false });
  }
});

test('whoever may see a membership may see its premises, so that no answer breaks in the middle', () => {
  for (const viewer of EVERYBODY)
    for (const role of ROLES)
      for (const status of STATUSES)
        for (const personId of ['pe_0', 'pe_1']) {
          const seen = membership({ role, status, personId });
          if (membershipSight(viewer, seen, flat) !== null)
            expect(premisesSightThrough(viewer, seen, flat)).not.toBeNull();
        }
});

test('a person is seen as clearly as the clearest membership shows', () => {
  const seat = { membership: membership(), premises: flat };
  expect(personSight(stranger, 'pe_1', [seat])).toBeNull();
  expect(personSight(stranger, 'pe_1', [])).toBeNull();
  expect(personSight(stranger, 'pe_0', [])).toBe('CLEAR');
  expect(personSight(staff('SUPPORT'), 'pe_1', [seat])).toBe('MASKED');
  expect(personSight(staff('SUPPORT'), 'pe_1', [{ membership: membership(), premises: elsewhere }, seat])).toBe(
    'MASKED',
  );
  expect(personSight({ ...member('RESIDENT'), ...staff('SUPPORT') }, 'pe_1', [seat])).toBe('MASKED');
  expect(personSight({ ...staff('SUPPORT'), memberships: member('RESIDENT').memberships }, 'pe_1', [seat])).toBe(
    'CLEAR',
  );
  expect(personSight(member('TENANT'), 'pe_1', [seat])).toBeNull();
});

test('an account that is not registered is nobody, also to other such accounts', () => {
  const nobody: Viewer = { ...stranger, personId: null };
  expect(membershipSight(nobody, membership(), flat)).toBeNull();
  expect(mayReadConsents(nobody, 'pe_1')).toBe(false);
});

const invitation = (changes: Partial<Invitation> = {}): Invitation => ({
  id: 'in_1',
  premisesId: flat.id,
  invitedBy: 'me_0',
  role: 'RESIDENT',
  permissions: [],
  phone: '+79160000012',
  createdAt: new Date(0),
  expiresAt: new Date(1),
  acceptedAt: null,
  ...changes,
});

test('an owner sees every invitation, others who may invite their own, staff none', () => {
  const inviting = { permissions: ['MEMBER_INVITE'] } as const;
  expect(mayReadInvitation(member('OWNER'), invitation({ invitedBy: 'me_9' }))).toBe(true);
  for (const role of ['RESIDENT', 'TENANT'] as const) {
    expect(mayReadInvitation(member(role, inviting), invitation())).toBe(true);
    expect(mayReadInvitation(member(role, inviting), invitation({ invitedBy: 'me_9' }))).toBe(false);
    expect(mayReadInvitation(member(role), invitation())).toBe(false);
  }
  for (const role of STAFF) expect(mayReadInvitation(staff(role), invitation())).toBe(false);
  expect(mayReadInvitation(member('OWNER'), invitation({ premisesId: 'pr_9' }))).toBe(false);
});

test('a complex is seen by those who live in it and those who serve it', () => {
  expect(mayReadComplex(stranger, 'cx_1', new Set(['cx_1']))).toBe(true);
  expect(mayReadComplex(stranger, 'cx_1', new Set(['cx_2']))).toBe(false);
  expect(STAFF.map((role) => mayReadComplex(staff(role), 'cx_1', new Set()))).toEqual(Array(5).fill(true));
  expect(mayReadComplex(staff('MANAGER'), 'cx_2', new Set())).toBe(false);
});

test('consents are seen by the person alone', () => {
  expect(EVERYBODY.map((viewer) => mayReadConsents(viewer, 'pe_1'))).toEqual(EVERYBODY.map(() => false));
  expect(mayReadConsents(stranger, 'pe_0')).toBe(true);
});

/** Somebody of the flat whom the first owner brought in, unless the row says otherwise. */
const invited = membership({ id: 'me_5', personId: 'pe_5', role: 'RESIDENT', invitedBy: 'me_9' });
const RIGHTS: readonly [string, Viewer, Membership, string | null][] = [
  ['an owner changes anybody', member('OWNER'), invited, 'OWNER'],
  ['an owner changes another owner', member('OWNER'), membership(), 'OWNER'],
  ['an owner changes themselves', member('OWNER'), membership({ id: 'me_0', personId: 'pe_0' }), 'OWNER'],
  ['a resident changes whom they brought in', member('RESIDENT'), { ...invited, invitedBy: 'me_0' }, 'INVITER'],
  ['a tenant changes whom they brought in', member('TENANT'), { ...invited, invitedBy: 'me_0' }, 'INVITER'],
  ['a resident changes nobody else’s guest', member('RESIDENT'), invited, null],
  ['a resident does not change the owner', member('RESIDENT'), membership(), null],
  ['a tenant does not change the owner', member('TENANT'), membership(), null],
  ['a resident does not change themselves', member('RESIDENT'), membership({ id: 'me_0', personId: 'pe_0' }), null],
  ['an owner of other premises changes nobody here', member('OWNER', { premisesId: 'pr_9' }), invited, null],
  ['a stranger changes nobody', stranger, invited, null],
  ['an account that is not registered changes nobody', { ...stranger, personId: null }, invited, null],
  ['the manager of the complex changes anybody', staff('MANAGER'), invited, 'MANAGER'],
  ['the manager of the complex changes an owner', staff('MANAGER'), membership(), 'MANAGER'],
  ['the manager of another complex changes nobody', { ...staff('MANAGER'), complexes: ['cx_2'] }, invited, null],
  ['a concierge changes nobody', staff('CONCIERGE'), invited, null],
  ['security changes nobody', staff('SECURITY'), invited, null],
  ['support changes nobody', staff('SUPPORT'), invited, null],
  ['an auditor changes nobody', staff('AUDITOR'), invited, null],
];

test.each(RIGHTS)('%s', (_, viewer, target, expected) => {
  for (const status of STATUSES) {
    const ended = status === 'EXPIRED' || status === 'REVOKED';
    const right = rightToChange(viewer, { ...target, status }, flat);
    expect([status, right?.as ?? null]).toEqual([status, ended ? null : expected]);
  }
});

test('who is both owner here and manager of the complex acts as owner', () => {
  const both = { ...staff('MANAGER'), memberships: member('OWNER').memberships };
  expect(rightToChange(both, invited, flat)).toEqual({ as: 'OWNER', mine: both.memberships[0] });
});

test('an owner’s right needs a sign-in of the last five minutes, a manager’s a reason, an inviter’s nothing', () => {
  const now = new Date('2026-11-24T09:00:00Z');
  const signedIn = (secondsAgo: number) => ({ authTime: new Date(now.getTime() - secondsAgo * 1_000) });
  const owner = { as: 'OWNER', mine: membership() } as const;
  expect(missingFor(owner, signedIn(300), now)).toBeNull();
  expect(missingFor(owner, signedIn(301), now)).toBe('STEP_UP_REQUIRED');
  expect(missingFor(owner, { reason: 'ticket 7' }, now)).toBe('STEP_UP_REQUIRED');
  expect(missingFor({ as: 'MANAGER' }, signedIn(0), now)).toBe('REASON_REQUIRED');
  expect(missingFor({ as: 'MANAGER' }, { reason: 'ticket 7' }, now)).toBeNull();
  expect(missingFor({ as: 'INVITER', mine: membership() }, {}, now)).toBeNull();
});

test('whoever revoked a membership sees in the answer whose it was, and nobody else does', () => {
  const gone = { ...invited, status: 'REVOKED' } as const;
  expect(changedSight(member('OWNER'), gone, flat)).toBe('CLEAR');
  expect(changedSight(staff('MANAGER'), gone, flat)).toBe('CLEAR');
  expect(changedSight(member('TENANT'), { ...gone, invitedBy: 'me_0' }, flat)).toBe('CLEAR');
  expect(changedSight({ ...stranger, personId: 'pe_5' }, gone, flat)).toBe('CLEAR');
  expect(changedSight(member('TENANT'), gone, flat)).toBeNull();
  expect(changedSight(stranger, gone, flat)).toBeNull();
});
