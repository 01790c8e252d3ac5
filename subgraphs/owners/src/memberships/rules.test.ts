import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Membership } from '../model.ts';
import { cursorOf, inOrder, page, statusAt, strongest } from './rules.ts';

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
