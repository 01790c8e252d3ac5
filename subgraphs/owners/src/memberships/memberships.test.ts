import { later } from '@house/kernel/clock';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { DAY_MS, SEEDED_AT, startOwners } from '../../test/start-owners.ts';

let owners: Awaited<ReturnType<typeof startOwners>>;
beforeAll(async () => {
  owners = await startOwners();
});
afterEach(() => owners.setNow(SEEDED_AT));
afterAll(() => owners.database.close());

type Member = { id: string; status: string; person: { displayName: string; phone: string } };
type Members = { edges: { cursor: string; node: Member }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };

const MEMBERS = `query ($id: ID!, $first: Int, $after: String) {
  premises(id: $id) {
    myMembership { id role status }
    members(first: $first, after: $after) {
      edges { cursor node { id status person { displayName phone } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;
const ask = async (as: string, id: string, variables: Record<string, unknown> = {}) => {
  const { data, codes } = await owners.ask(as, MEMBERS, { id, ...variables });
  return { codes, premises: data?.['premises'] as { myMembership: unknown; members: Members } | null };
};
const membersOf = async (as: string, id: string) =>
  (await ask(as, id)).premises?.members.edges.map(({ node }) => node.id);

test('owner and family see who belongs to the flat', async () => {
  expect(await membersOf('owner-a12', 'pr_a12')).toEqual(['me_a12_owner', 'me_a12_resident']);
  expect(await membersOf('resident-a12', 'pr_a12')).toEqual(['me_a12_owner', 'me_a12_resident']);
});

test('in a let flat the owner sees the tenant’s membership; the tenant sees nothing of the owner', async () => {
  expect(await membersOf('owner-b7', 'pr_b7')).toEqual(['me_b7_owner', 'me_b7_tenant']);
  expect(await membersOf('tenant-b7', 'pr_b7')).toEqual(['me_b7_tenant']);
  const { data } = await owners.ask(
    'tenant-b7',
    '{ myPremises { id label members { edges { node { id person { id displayName phone } } } } invitations { id } } }',
  );
  expect(JSON.stringify(data)).not.toMatch(/owner|Глеб|Орлов/);
});

test('two tenants of one flat see each other, and their owner both', async () => {
  await owners.features[2].add(owners.database, {
    id: 'me_b7_cotenant',
    personId: 'pe_outsider',
    premisesId: 'pr_b7',
    invitedBy: null,
    role: 'TENANT',
    permissions: ['ACCESS_OPEN'],
    status: 'ACTIVE',
    validFrom: later(SEEDED_AT, -DAY_MS),
    validUntil: later(SEEDED_AT, DAY_MS),
  });
  expect(await membersOf('tenant-b7', 'pr_b7')).toEqual(['me_b7_cotenant', 'me_b7_tenant']);
  expect(await membersOf('outsider', 'pr_b7')).toEqual(['me_b7_cotenant', 'me_b7_tenant']);
  expect(await membersOf('owner-b7', 'pr_b7')).toHaveLength(3);
  await owners.database.query("DELETE FROM owners.memberships WHERE id = 'me_b7_cotenant'");
});

test('managers see members in clear, support masked, other staff nobody; phones are masked for all', async () => {
  const seen: Record<string, unknown> = {};
  for (const as of ['manager-a', 'support-a', 'concierge-a', 'security-a', 'auditor-a']) {
    const { premises } = await ask(as, 'pr_a12');
    expect(premises?.myMembership).toBeNull();
    seen[as] = premises?.members.edges.map(({ node }) => Object.values(node.person));
  }
  expect(seen).toEqual({
    'manager-a': [
      ['Анна Ветрова', '+7 *** ***-**-12'],
      ['Илья Ветров', '+7 *** ***-**-12'],
    ],
    'support-a': [
      ['А*** В***', '+7 *** ***-**-12'],
      ['И*** В***', '+7 *** ***-**-12'],
    ],
    'concierge-a': [],
    'security-a': [],
    'auditor-a': [],
  });
});

test('members come page by page', async () => {
  const first = (await ask('owner-a12', 'pr_a12', { first: 1 })).premises?.members;
  expect(first?.edges.map(({ node }) => node.id)).toEqual(['me_a12_owner']);
  expect(first?.pageInfo).toEqual({ hasNextPage: true, endCursor: first?.edges[0]?.cursor });
  const second = (await ask('owner-a12', 'pr_a12', { first: 1, after: first?.pageInfo.endCursor })).premises?.members;
  expect(second?.edges.map(({ node }) => node.id)).toEqual(['me_a12_resident']);
  expect(second?.pageInfo.hasNextPage).toBe(false);
});

test.each([{ first: 0 }, { first: 101 }, { first: -1 }, { after: 'nonsense' }, { first: 'many' }])(
  'a page that cannot be is refused: %j',
  async (variables) => {
    expect((await ask('owner-a12', 'pr_a12', variables)).codes).toEqual(['BAD_USER_INPUT']);
  },
);

test('a term that ran out reads as EXPIRED: to oneself, who sees nobody else there any more, and to the owner', async () => {
  owners.setNow(later(SEEDED_AT, 31 * DAY_MS));
  const own =
    '{ me { memberships { id } all: memberships(activeOnly: false) { status premises { label suspension { reason } members { edges { node { id } } } } } } }';
  expect((await owners.ask('tenant-b7', own)).data).toEqual({
    me: {
      memberships: [],
      all: [
        {
          status: 'EXPIRED',
          premises: { label: 'Кв. 7', suspension: null, members: { edges: [{ node: { id: 'me_b7_tenant' } }] } },
        },
      ],
    },
  });
  const { premises } = await ask('owner-b7', 'pr_b7');
  expect(premises?.members.edges.map(({ node }) => [node.id, node.status])).toEqual([
    ['me_b7_owner', 'ACTIVE'],
    ['me_b7_tenant', 'EXPIRED'],
  ]);
});

test('a membership that has not begun, is suspended or was revoked opens nothing', async () => {
  for (const change of [
    `valid_from = '2026-11-24T10:00:00Z'`,
    `status = 'PENDING'`,
    `status = 'SUSPENDED'`,
    `status = 'REVOKED'`,
  ]) {
    await owners.database.query(`UPDATE owners.memberships SET ${change} WHERE id = 'me_c1_owner'`);
    expect((await ask('owner-c1', 'pr_c1')).premises).toBeNull();
    expect((await owners.ask('owner-c1', '{ me { memberships { id } } myPremises { id } }')).data).toEqual({
      me: { memberships: [] },
      myPremises: [],
    });
    await owners.database.query(
      `UPDATE owners.memberships SET status = 'ACTIVE', valid_from = $1 WHERE id = 'me_c1_owner'`,
      [SEEDED_AT],
    );
  }
  expect((await ask('owner-c1', 'pr_c1')).premises?.myMembership).toEqual({
    id: 'me_c1_owner',
    role: 'OWNER',
    status: 'ACTIVE',
  });
});

test('a revoked member sees that it was revoked, and nobody else sees the row', async () => {
  await owners.database.query("UPDATE owners.memberships SET status = 'REVOKED' WHERE id = 'me_a12_resident'");
  expect(await membersOf('owner-a12', 'pr_a12')).toEqual(['me_a12_owner']);
  expect(await membersOf('manager-a', 'pr_a12')).toEqual(['me_a12_owner']);
  const own = '{ me { memberships(activeOnly: false) { id status premises { id } } } }';
  expect((await owners.ask('resident-a12', own)).data).toEqual({
    me: { memberships: [{ id: 'me_a12_resident', status: 'REVOKED', premises: { id: 'pr_a12' } }] },
  });
  await owners.database.query("UPDATE owners.memberships SET status = 'ACTIVE' WHERE id = 'me_a12_resident'");
});

test('invitations are for the owner, and for those who may invite their own', async () => {
  for (const [id, invitedBy, expiresAt] of [
    ['in_1', 'me_a12_owner', later(SEEDED_AT, DAY_MS)],
    ['in_2', 'me_a12_resident', later(SEEDED_AT, DAY_MS)],
    ['in_3', 'me_a12_owner', SEEDED_AT],
  ] as const)
    await owners.features[2].addInvitation(owners.database, {
      id,
      premisesId: 'pr_a12',
      invitedBy,
      role: 'RESIDENT',
      permissions: ['ACCESS_OPEN'],
      phone: '+79169876543',
      createdAt: later(SEEDED_AT, -DAY_MS),
      expiresAt,
      acceptedAt: null,
    });
  const query = '{ premises(id: "pr_a12") { invitations { id phone role premises { id } } } }';
  const seen = async (as: string) => {
    const { data } = await owners.ask(as, query);
    return (data?.['premises'] as { invitations: { id: string; phone: string }[] }).invitations;
  };
  expect(await seen('owner-a12')).toEqual([
    { id: 'in_1', phone: '+7 *** ***-**-43', role: 'RESIDENT', premises: { id: 'pr_a12' } },
    { id: 'in_2', phone: '+7 *** ***-**-43', role: 'RESIDENT', premises: { id: 'pr_a12' } },
  ]);
  expect(await seen('resident-a12')).toEqual([]);
  await owners.database.query(
    "UPDATE owners.memberships SET permissions = permissions || '{MEMBER_INVITE}' WHERE id = 'me_a12_resident'",
  );
  expect((await seen('resident-a12')).map(({ id }) => id)).toEqual(['in_2']);
  for (const as of ['manager-a', 'support-a', 'concierge-a', 'auditor-a']) expect(await seen(as)).toEqual([]);
});

test('ids that the gateway passes on are judged like any other', async () => {
  const representations = [
    { __typename: 'Membership', id: 'me_a12_owner' },
    { __typename: 'Membership', id: 'me_a13_owner' },
    { __typename: 'Membership', id: 'me_none' },
    { __typename: 'Membership', id: null },
    { __typename: 'Invitation', id: 'in_1' },
  ];
  const query = `query ($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on Membership { role person { id } } ... on Invitation { role } }
  }`;
  const seen = async (as: string) => (await owners.ask(as, query, { representations })).data?.['_entities'];
  expect(await seen('owner-a12')).toEqual([
    { role: 'OWNER', person: { id: 'pe_ownera12' } },
    null,
    null,
    null,
    { role: 'RESIDENT' },
  ]);
  expect(await seen('outsider')).toEqual([null, null, null, null, null]);
  expect(await seen('nobody')).toEqual([null, null, null, null, null]);
});
