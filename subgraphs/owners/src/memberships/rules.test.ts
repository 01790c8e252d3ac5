import { HouseError } from '@house/kernel/errors';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Membership, Permission } from '../model.ts';
import {
  type Ceiling,
  changed,
  cursorOf,
  inOrder,
  leavesNoOwner,
  type MembershipChange,
  page,
  statusAt,
  strongest,
} from './rules.ts';

const at = (time: number) => new Date(time);

test.each([
  ['ACTIVE', 9, 'PENDING'],
  ['ACTIVE', 10, 'ACTIVE'],
  ['ACTIVE', 19, 'ACTIVE'],
  ['ACTIVE', 20, 'EXPIRED'],
  ['PENDING', 15, 'PENDING'],
  ['PENDING', 20, 'EXPIRED'],
  ['SUSPENDED', 9, 'SUSPENDED'],
  ['SUSPENDED', 15, 'SUSPENDED'],
  ['SUSPENDED', 20, 'EXPIRED'],
  ['REVOKED', 15, 'REVOKED'],
  ['REVOKED', 20, 'REVOKED'],
] as const)('%s from 10 to 20 reads at %d as %s', (status, now, expected) => {
  expect(statusAt({ status, validFrom: at(10), validUntil: at(20) }, at(now))).toBe(expected);
});

test('without an end a membership does not expire', () => {
  expect(statusAt({ status: 'ACTIVE', validFrom: at(10), validUntil: null }, at(1e15))).toBe('ACTIVE');
});

test('of several memberships the one that carries most counts', () => {
  const of = (role: Membership['role']): Membership => ({
    id: role,
    personId: 'pe_1',
    premisesId: 'pr_1',
    invitedBy: null,
    role,
    permissions: [],
    status: 'ACTIVE',
    validFrom: at(0),
    validUntil: null,
  });
  expect(strongest([of('TENANT'), of('OWNER'), of('RESIDENT')])?.role).toBe('OWNER');
  expect(strongest([])).toBeNull();
});

const items = fc.uniqueArray(
  fc.record({
    id: fc.stringMatching(/^[a-z0-9_-]{1,8}$/),
    validFrom: fc.integer({ min: -5, max: 5 }).map(at),
  }),
  { selector: ({ id }) => id, maxLength: 30 },
);

test('page by page, every item comes once and in order, however large the pages', () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 100 }), (list, first) => {
      const seen: string[] = [];
      let after: string | null = null;
      for (let more = true; more; ) {
        const { edges, pageInfo }: ReturnType<typeof page<(typeof list)[number]>> = page(list, { first, after });
        seen.push(...edges.map(({ node }) => node.id));
        after = pageInfo.endCursor;
        more = pageInfo.hasNextPage;
      }
      expect(seen).toEqual(list.toSorted(inOrder).map(({ id }) => id));
    }),
  );
});

test('a cursor stays good when its row is gone', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => ({ id, validFrom: at(0) }));
  if (!a || !b || !c) throw new Error('three items');
  expect(page([a, c], { after: cursorOf(b) }).edges.map(({ node }) => node.id)).toEqual(['c']);
});

test('twenty at most when no size is asked for', () => {
  const many = Array.from({ length: 21 }, (_, index) => ({ id: `i${index}`, validFrom: at(index) }));
  for (const args of [{}, { first: null, after: null }]) {
    const { edges, pageInfo } = page(many, args);
    expect([edges.length, pageInfo.hasNextPage]).toEqual([20, true]);
  }
  expect(page([], {})).toEqual({ edges: [], pageInfo: { hasNextPage: false, endCursor: null } });
});

test.each([0, -1, 101, 2_147_483_647])('a page of %d is refused', (first) => {
  expect(() => page([], { first })).toThrow('`first` lies between 1 and 100.');
});

test.each(['', '!', 'eA', cursorOf({ id: "a' OR 1", validFrom: at(0) }), Buffer.from('1e9.a').toString('base64url')])(
  'a cursor that is not ours is refused: "%s"',
  (after) => {
    expect(() => page([], { after })).toThrow('`after` is not a cursor of this list.');
  },
);

const member = (changes: Partial<Membership> = {}): Membership => ({
  id: 'me_1',
  personId: 'pe_1',
  premisesId: 'pr_1',
  invitedBy: null,
  role: 'OWNER',
  permissions: ['ACCESS_OPEN', 'JOURNAL_READ'],
  status: 'ACTIVE',
  validFrom: at(0),
  validUntil: null,
  ...changes,
});
const owner = member();
const other = member({ id: 'me_2', personId: 'pe_2' });
const resident = member({ id: 'me_3', personId: 'pe_3', role: 'RESIDENT' });

test.each([
  ['the only owner goes', [owner], [owner, resident], true],
  ['one of two owners goes', [owner], [owner, other], false],
  ['both owners go', [owner, other], [owner, other], true],
  ['a resident goes', [resident], [owner, resident], false],
  ['nobody goes', [], [owner], false],
  ['the other owner’s time is limited', [owner], [owner, { ...other, validUntil: at(50) }], true],
  [
    'the one who goes would not have stayed longer',
    [{ ...owner, validUntil: at(50) }],
    [owner, { ...other, validUntil: at(50) }],
    false,
  ],
  [
    'the other owner would go first',
    [{ ...owner, validUntil: at(51) }],
    [owner, { ...other, validUntil: at(50) }],
    true,
  ],
  ['the other owner has not come yet', [owner], [owner, { ...other, status: 'PENDING' as const }], true],
  ['the other owner is suspended', [owner], [owner, { ...other, status: 'SUSPENDED' as const }], true],
  ['the other owner was revoked', [owner], [owner, { ...other, status: 'REVOKED' as const }], true],
])('whether an owner is left when %s', (_, ended, household, expected) => {
  expect(leavesNoOwner(ended, household)).toBe(expected);
});

const change = (
  membership: Membership,
  wanted: MembershipChange,
  { ceiling = owner, household = [owner, other, resident] }: { ceiling?: Ceiling; household?: Membership[] } = {},
) => changed(membership, wanted, { ceiling, household, now: at(10) });
const codeOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error instanceof HouseError ? [error.code, error.path?.[1]] : error;
  }
};

test('what a change does not name stays as it is', () => {
  const limited = { ...resident, validUntil: at(20) };
  expect(change(limited, {})).toEqual({ permissions: resident.permissions, validUntil: at(20) });
  expect(change(limited, { permissions: null })).toEqual({ permissions: resident.permissions, validUntil: at(20) });
  expect(change(limited, { permissions: [] })).toEqual({ permissions: [], validUntil: at(20) });
  expect(change(limited, { validUntil: at(30) })).toEqual({ permissions: resident.permissions, validUntil: at(30) });
  expect(change(limited, { validUntil: null })).toEqual({ permissions: resident.permissions, validUntil: null });
});

test('a permission that is named twice is held once', () => {
  expect(change(resident, { permissions: ['ACCESS_OPEN', 'ACCESS_OPEN'] }).permissions).toEqual(['ACCESS_OPEN']);
});

const tenant = member({ role: 'TENANT', validUntil: at(50) });
const REFUSED: readonly [string, () => unknown, readonly [string, string]][] = [
  [
    'a permission that one has not',
    () => change(resident, { permissions: ['CAMERA_VIEW'] }),
    ['PERMISSION_NOT_YOURS', 'permissions'],
  ],
  [
    'a permission kept that one has lost',
    () => change(resident, { permissions: ['ACCESS_OPEN'] }, { ceiling: { permissions: [], validUntil: null } }),
    ['PERMISSION_NOT_YOURS', 'permissions'],
  ],
  [
    'a stay longer than one’s own',
    () => change(resident, { validUntil: at(51) }, { ceiling: tenant }),
    ['VALIDITY_NOT_YOURS', 'validUntil'],
  ],
  [
    'an endless stay from a limited one',
    () => change(resident, { validUntil: null }, { ceiling: tenant }),
    ['VALIDITY_NOT_YOURS', 'validUntil'],
  ],
  ['a tenant’s stay without an end', () => change(tenant, { validUntil: null }), ['END_REQUIRED', 'validUntil']],
  ['an end that has come', () => change(resident, { validUntil: at(10) }), ['BAD_USER_INPUT', 'validUntil']],
  [
    'an end before the beginning',
    () => change({ ...resident, validFrom: at(20) }, { validUntil: at(20) }),
    ['BAD_USER_INPUT', 'validUntil'],
  ],
  [
    'an end for the last owner',
    () => change(owner, { validUntil: at(99) }, { household: [owner] }),
    ['LAST_OWNER', 'membershipId'],
  ],
  [
    'fewer permissions for the last owner',
    () => change(owner, { permissions: ['ACCESS_OPEN'] }, { household: [owner] }),
    ['LAST_OWNER', 'membershipId'],
  ],
];

test.each(REFUSED)('nobody can give %s', (_, work, expected) => {
  expect(codeOf(work)).toEqual(expected);
});

test('one of two owners may be given an end and lose permissions', () => {
  expect(change(owner, { permissions: [], validUntil: at(99) })).toEqual({ permissions: [], validUntil: at(99) });
});

const PERMISSIONS: readonly Permission[] = ['ACCESS_OPEN', 'CAMERA_VIEW', 'JOURNAL_READ', 'MEMBER_INVITE'];
const some = fc.subarray([...PERMISSIONS]);
const end = fc.option(fc.integer({ min: 11, max: 100 }).map(at));
const wantedChange = fc.record({ permissions: some, validUntil: end }, { requiredKeys: [] });

test('whatever is given, it is never more than the giver has', () => {
  fc.assert(
    fc.property(some, end, wantedChange, (permissions, validUntil, wanted) => {
      const result = codeOf(() => change(resident, wanted, { ceiling: { permissions, validUntil } }));
      if (Array.isArray(result)) return;
      const given = result as Ceiling;
      if (wanted.permissions) expect(permissions).toEqual(expect.arrayContaining([...given.permissions]));
      if (wanted.validUntil !== undefined && validUntil !== null)
        expect(given.validUntil?.getTime()).toBeLessThanOrEqual(validUntil.getTime());
    }),
  );
});
