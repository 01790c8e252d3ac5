import { later } from '@house/kernel/clock';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { DAY_MS, principalOf, SEEDED_AT, startOwners } from '../../test/start-owners.ts';

let owners: Awaited<ReturnType<typeof startOwners>>;
beforeAll(async () => {
  owners = await startOwners();
  await owners.database.query(
    `INSERT INTO owners.suspensions (id, premises_id, reason, by_role, since, until)
     VALUES ('su_1', 'pr_a13', 'DEBT', 'MANAGER', $1, $2)`,
    [SEEDED_AT, later(SEEDED_AT, DAY_MS)],
  );
});
afterEach(() => owners.setNow(SEEDED_AT));
afterAll(() => owners.database.close());

const byId = async (as: string | Parameters<typeof owners.ask>[0], id: string) => {
  const { data, codes } = await owners.ask(
    as,
    `query ($id: ID!) {
      premises(id: $id) { id kind label complex { id name timeZone } journalVisibility suspension { reason since until byRole } }
    }`,
    { id },
  );
  expect(codes).toEqual([]);
  return data?.['premises'] as Record<string, unknown> | null;
};

test('an owner sees the flat and the complex that it stands in', async () => {
  expect(await byId('owner-a12', 'pr_a12')).toEqual({
    id: 'pr_a12',
    kind: 'APARTMENT',
    label: 'Кв. 12',
    complex: { id: 'cx_a', name: 'ЖК «Аллея»', timeZone: 'Europe/Moscow' },
    journalVisibility: 'MEMBERS',
    suspension: null,
  });
});

test.each([
  ['owner-a12', 'pr_a13'],
  ['resident-a12', 'pr_m12'],
  ['outsider', 'pr_a12'],
  ['nobody', 'pr_a12'],
  ['concierge-a', 'pr_b7'],
  ['security-a', 'pr_b7'],
  ['manager-a', 'pr_b7'],
  ['support-a', 'pr_b7'],
  ['auditor-a', 'pr_b7'],
])('%s gets for %s the same answer as for premises that do not exist', async (as, id) => {
  expect(await byId(as, id)).toBeNull();
  expect(await byId(as, 'pr_none')).toBeNull();
});

test.each(['', 'pr_a12\0', "pr_a12' --", 'x'.repeat(10_000), 'кв-12'])('an id like %j is nothing', async (id) => {
  expect(await byId('owner-a12', id)).toBeNull();
});

test('a suspension is shown to members, managers, support and auditor; the front desk sees the label only', async () => {
  const seen: Record<string, unknown> = {};
  for (const as of ['owner-a13', 'manager-a', 'support-a', 'auditor-a', 'concierge-a', 'security-a']) {
    const premises = await byId(as, 'pr_a13');
    seen[as] = [premises?.['label'], (premises?.['suspension'] as { reason: string } | null)?.reason ?? null];
  }
  expect(seen).toEqual({
    'owner-a13': ['Кв. 13', 'DEBT'],
    'manager-a': ['Кв. 13', 'DEBT'],
    'support-a': ['Кв. ***', 'DEBT'],
    'auditor-a': ['Кв. ***', 'DEBT'],
    'concierge-a': ['Кв. 13', null],
    'security-a': ['Кв. 13', null],
  });
});

test('a suspension whose time has run out is none', async () => {
  owners.setNow(later(SEEDED_AT, DAY_MS - 1));
  expect((await byId('owner-a13', 'pr_a13'))?.['suspension']).toEqual({
    reason: 'DEBT',
    since: '2026-11-24T09:00:00.000Z',
    until: '2026-11-25T09:00:00.000Z',
    byRole: 'MANAGER',
  });
  owners.setNow(later(SEEDED_AT, DAY_MS));
  expect((await byId('owner-a13', 'pr_a13'))?.['suspension']).toBeNull();
});

test('the complexes of a token count only together with a staff role', async () => {
  expect(await byId(principalOf('outsider', { complexes: ['cx_a'] }), 'pr_a12')).toBeNull();
  expect(await byId(principalOf('manager-a', { complexes: [] }), 'pr_a12')).toBeNull();
  expect(await byId(principalOf('manager-a', { complexes: ['cx_b'] }), 'pr_a12')).toBeNull();
  expect(await byId(principalOf('manager-a', { roles: ['resident'] }), 'pr_a12')).toBeNull();
});

test('a machine client sees masked premises of its one complex, and no others', async () => {
  const machine = principalOf('outsider', { subject: 'client:lifts', roles: ['service'], complexes: ['cx_a'] });
  expect(await byId(machine, 'pr_a13')).toMatchObject({ label: 'Кв. ***', complex: { id: 'cx_a' }, suspension: null });
  expect(await byId(machine, 'pr_b7')).toBeNull();
});

const mine = async (as: string, kind?: string) => {
  const { data, codes } = await owners.ask(as, 'query ($kind: PremisesKind) { myPremises(kind: $kind) { id } }', {
    ...(kind && { kind }),
  });
  expect(codes).toEqual([]);
  return (data?.['myPremises'] as { id: string }[]).map(({ id }) => id);
};

test('my premises are those of my memberships in force, of one kind if asked so', async () => {
  expect(await mine('owner-a12')).toEqual(['pr_a12', 'pr_m12']);
  expect(await mine('owner-a12', 'PARKING_SPACE')).toEqual(['pr_m12']);
  expect(await mine('owner-a12', 'HOUSE')).toEqual([]);
  expect(await mine('tenant-b7')).toEqual(['pr_b7']);
  for (const as of ['outsider', 'nobody', 'concierge-a', 'manager-a', 'auditor-a']) expect(await mine(as)).toEqual([]);
});

test('a kind that is not in the contract is refused', async () => {
  expect(await owners.ask('owner-a12', '{ myPremises(kind: CASTLE) { id } }')).toMatchObject({
    data: null,
    codes: ['BAD_USER_INPUT'],
  });
  const asVariable = await owners.ask('owner-a12', 'query ($k: PremisesKind) { myPremises(kind: $k) { id } }', {
    k: 'CASTLE',
  });
  expect(asVariable).toMatchObject({ codes: ['BAD_USER_INPUT'], statements: 0 });
});

test('when a tenant’s thirty days are over, the flat is gone for the tenant and not for its owner', async () => {
  owners.setNow(later(SEEDED_AT, 30 * DAY_MS - 1));
  expect(await mine('tenant-b7')).toEqual(['pr_b7']);
  owners.setNow(later(SEEDED_AT, 31 * DAY_MS));
  expect(await mine('tenant-b7')).toEqual([]);
  expect(await byId('tenant-b7', 'pr_b7')).toBeNull();
  expect(await mine('owner-b7')).toEqual(['pr_b7']);
});

const complex = async (as: string, id: string) =>
  (await owners.ask(as, 'query ($id: ID!) { complex(id: $id) { id name timeZone } }', { id })).data?.['complex'];

test('a complex is known to those who live in it and those who serve it', async () => {
  expect(await complex('owner-c1', 'cx_c')).toEqual({
    id: 'cx_c',
    name: 'Посёлок «Сосны»',
    timeZone: 'Asia/Yekaterinburg',
  });
  expect(await complex('auditor-a', 'cx_a')).toMatchObject({ id: 'cx_a' });
  for (const [as, id] of [
    ['owner-c1', 'cx_a'],
    ['manager-a', 'cx_b'],
    ['outsider', 'cx_a'],
    ['nobody', 'cx_a'],
    ['owner-a12', 'cx_none'],
  ] as const)
    expect(await complex(as, id)).toBeNull();
});

test('ids that the gateway passes on are judged like any other', async () => {
  const representations = ['pr_a12', 'pr_a13', 'pr_none', null, 7].map((id) => ({ __typename: 'Premises', id }));
  const { data, codes } = await owners.ask(
    'owner-a12',
    `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on Premises { label } ... on Complex { name } }
    }`,
    {
      representations: [
        ...representations,
        { __typename: 'Complex', id: 'cx_a' },
        { __typename: 'Complex', id: 'cx_b' },
      ],
    },
  );
  expect(codes).toEqual([]);
  expect(data).toEqual({ _entities: [{ label: 'Кв. 12' }, null, null, null, null, { name: 'ЖК «Аллея»' }, null] });
});
