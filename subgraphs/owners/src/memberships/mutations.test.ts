import { later } from '@house/kernel/clock';
import { CLASSES } from '@house/kernel/outbox';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createHousehold } from '../../test/household.ts';
import { DAY_MS, SEEDED_AT, startOwners } from '../../test/start-owners.ts';

let owners: Awaited<ReturnType<typeof startOwners>>;
beforeAll(async () => {
  owners = await startOwners();
});
afterEach(() => owners.setNow(SEEDED_AT));
afterAll(() => owners.database.close());

const FAMILY = { owner: { role: 'OWNER' }, resident: { role: 'RESIDENT' } } as const;
const NOT_FOUND = {
  membership: null,
  errors: [
    {
      code: 'NOT_FOUND',
      message: 'There is no such object, or it is not yours.',
      path: ['input', 'membershipId'],
    },
  ],
  codes: [],
};
const refused = (code: string, field: string) => ({
  membership: null,
  errors: [{ code, message: expect.any(String), path: ['input', field] }],
  codes: [],
});

test('an owner revokes a resident: it is so at once, and the platform will be told first of all', async () => {
  const flat = await createHousehold(owners, FAMILY);
  const { membership, errors, codes } = await flat.change('owner', 'revokeMembership', {
    membershipId: flat.idOf('resident'),
    reason: 'moved out',
  });
  expect([errors, codes]).toEqual([[], []]);
  expect(membership).toMatchObject({
    id: flat.idOf('resident'),
    status: 'REVOKED',
    person: { displayName: 'resident' },
    premises: { members: { edges: [{ node: { id: flat.idOf('owner') } }] } },
  });
  expect(await flat.statusOf('resident')).toBe('REVOKED');
  expect(await flat.commands()).toEqual([
    {
      kind: 'SUBJECT_REMOVE',
      class: 'safety',
      orderKey: `subject|${flat.accountOf('resident')}|${flat.premisesId}`,
      body: { subject: flat.accountOf('resident'), premisesId: flat.premisesId },
      createdAt: SEEDED_AT,
      notAfter: later(SEEDED_AT, CLASSES.safety.lifeMs),
    },
  ]);
});

test('the rest of the same request sees the change', async () => {
  const flat = await createHousehold(owners, FAMILY);
  const { data } = await owners.ask(
    flat.signedIn('owner'),
    `mutation ($first: UpdateMembershipInput!, $second: RevokeMembershipInput!) {
      first: updateMembership(input: $first) { membership { premises { members { edges { node { id } } } } } }
      second: revokeMembership(input: $second) { membership { premises { members { edges { node { id } } } } } }
    }`,
    {
      first: { membershipId: flat.idOf('resident'), permissions: [], idempotencyKey: 'first' },
      second: { membershipId: flat.idOf('resident'), idempotencyKey: 'second' },
    },
  );
  const seen = (...names: string[]) => ({
    membership: { premises: { members: { edges: names.map((name) => ({ node: { id: flat.idOf(name) } })) } } },
  });
  expect(data).toEqual({ first: seen('owner', 'resident'), second: seen('owner') });
});

test('a membership of others does not exist, whoever asks and whatever there is', async () => {
  const flat = await createHousehold(owners, { ...FAMILY, lodger: { role: 'RESIDENT', by: 'owner' } });
  const other = await createHousehold(owners, FAMILY);
  for (const [as, membershipId] of [
    ['resident', flat.idOf('owner')],
    ['resident', flat.idOf('resident')],
    ['resident', flat.idOf('lodger')],
    ['owner', other.idOf('resident')],
    ['owner', 'me_invented'],
    ['owner', 'no id \0'],
    ['outsider', flat.idOf('resident')],
    ['nobody', flat.idOf('resident')],
    ['concierge-a', flat.idOf('resident')],
    ['support-a', flat.idOf('resident')],
    ['owner-a12', flat.idOf('resident')],
  ] as const) {
    expect(await flat.change(as, 'revokeMembership', { membershipId })).toEqual(NOT_FOUND);
    expect(await flat.change(as, 'updateMembership', { membershipId, permissions: [] })).toEqual(NOT_FOUND);
  }
  expect(await flat.commands()).toEqual([]);
});

test('what has ended cannot be changed any more', async () => {
  const flat = await createHousehold(owners, {
    ...FAMILY,
    revoked: { role: 'RESIDENT', status: 'REVOKED' },
    tenant: { role: 'TENANT', validUntil: later(SEEDED_AT, DAY_MS) },
  });
  owners.setNow(later(SEEDED_AT, DAY_MS));
  const owner = flat.signedIn('owner', { authTime: later(SEEDED_AT, DAY_MS) });
  for (const name of ['revoked', 'tenant']) {
    const membershipId = flat.idOf(name);
    expect(await flat.change(owner, 'revokeMembership', { membershipId })).toEqual(NOT_FOUND);
    const validUntil = later(SEEDED_AT, 2 * DAY_MS).toISOString();
    expect(await flat.change(owner, 'updateMembership', { membershipId, validUntil })).toEqual(NOT_FOUND);
  }
});

test('a suspended and a coming member can be revoked', async () => {
  const flat = await createHousehold(owners, {
    ...FAMILY,
    suspended: { role: 'RESIDENT', status: 'SUSPENDED' },
    coming: { role: 'TENANT', validFrom: later(SEEDED_AT, DAY_MS) },
  });
  for (const name of ['suspended', 'coming'])
    expect(await flat.change('owner', 'revokeMembership', { membershipId: flat.idOf(name) })).toMatchObject({
      membership: { status: 'REVOKED' },
    });
});

test('the last owner cannot be revoked, cannot leave, and can be given neither an end nor less than they have', async () => {
  const flat = await createHousehold(owners, FAMILY);
  const membershipId = flat.idOf('owner');
  const validUntil = later(SEEDED_AT, DAY_MS).toISOString();
  expect(await flat.change('owner', 'revokeMembership', { membershipId })).toEqual(
    refused('LAST_OWNER', 'membershipId'),
  );
  expect(await flat.change('owner', 'leavePremises', { premisesId: flat.premisesId })).toEqual(
    refused('LAST_OWNER', 'premisesId'),
  );
  for (const change of [{ validUntil }, { permissions: ['ACCESS_OPEN'] }])
    expect(await flat.change('owner', 'updateMembership', { membershipId, ...change })).toEqual(
      refused('LAST_OWNER', 'membershipId'),
    );
  expect(await flat.statusOf('owner')).toBe('ACTIVE');
  expect(await flat.commands()).toEqual([]);
});

test('one of two owners may go, and then the other is the last', async () => {
  const flat = await createHousehold(owners, { ...FAMILY, second: { role: 'OWNER' } });
  const { membership } = await flat.change('second', 'revokeMembership', { membershipId: flat.idOf('owner') });
  expect(membership?.status).toBe('REVOKED');
  expect(await flat.change('second', 'leavePremises', { premisesId: flat.premisesId })).toEqual(
    refused('LAST_OWNER', 'premisesId'),
  );
});

test('an owner whose sign-in is older than five minutes has to sign in again, and an inviter has not', async () => {
  const flat = await createHousehold(owners, { ...FAMILY, guest: { role: 'RESIDENT', by: 'resident' } });
  owners.setNow(later(SEEDED_AT, 5 * 60_000 + 1));
  const membershipId = flat.idOf('guest');
  for (const [name, input] of [
    ['revokeMembership', { membershipId }],
    ['updateMembership', { membershipId, permissions: [] }],
  ] as const) {
    expect(await flat.change('owner', name, input)).toEqual({
      membership: undefined,
      errors: [],
      codes: ['STEP_UP_REQUIRED'],
    });
  }
  expect(await flat.statusOf('guest')).toBe('ACTIVE');
  const { membership } = await flat.change('resident', 'revokeMembership', { membershipId });
  expect(membership?.status).toBe('REVOKED');
});

test('the manager of the complex revokes with a reason, and without one is asked for it', async () => {
  const flat = await createHousehold(owners, FAMILY);
  const membershipId = flat.idOf('resident');
  expect(await flat.change('manager-a', 'revokeMembership', { membershipId })).toEqual({
    membership: undefined,
    errors: [],
    codes: ['REASON_REQUIRED'],
  });
  const manager = flat.signedIn('manager-a', { reason: 'ticket 7' });
  const stranger = flat.signedIn('manager-a', { reason: 'ticket 7', complexes: ['cx_b'] });
  expect(await flat.change(stranger, 'revokeMembership', { membershipId })).toEqual(NOT_FOUND);
  expect(await flat.change(manager, 'updateMembership', { membershipId, permissions: ['CAMERA_VIEW'] })).toEqual(
    refused('PERMISSION_NOT_YOURS', 'permissions'),
  );
  expect(await flat.change(manager, 'updateMembership', { membershipId, permissions: ['ACCESS_OPEN'] })).toMatchObject({
    membership: { permissions: ['ACCESS_OPEN'] },
    errors: [],
  });
  expect(await flat.change(manager, 'revokeMembership', { membershipId })).toMatchObject({
    membership: { status: 'REVOKED', person: { displayName: 'resident' } },
    errors: [],
  });
  expect(await flat.change(manager, 'revokeMembership', { membershipId: flat.idOf('owner') })).toEqual(
    refused('LAST_OWNER', 'membershipId'),
  );
});

test('nobody gives more than they have, or for longer', async () => {
  const flat = await createHousehold(owners, {
    owner: { role: 'OWNER' },
    tenant: { role: 'TENANT', permissions: ['ACCESS_OPEN'] },
    guest: { role: 'TENANT', permissions: [], by: 'tenant' },
  });
  const membershipId = flat.idOf('guest');
  const update = (input: object) => flat.change('tenant', 'updateMembership', { membershipId, ...input });
  expect(await update({ permissions: ['ACCESS_OPEN', 'CAMERA_VIEW'] })).toEqual(
    refused('PERMISSION_NOT_YOURS', 'permissions'),
  );
  expect(await update({ validUntil: later(SEEDED_AT, 31 * DAY_MS).toISOString() })).toEqual(
    refused('VALIDITY_NOT_YOURS', 'validUntil'),
  );
  expect(await update({ validUntil: null })).toEqual(refused('END_REQUIRED', 'validUntil'));
  expect(await update({ validUntil: SEEDED_AT.toISOString() })).toEqual(refused('BAD_USER_INPUT', 'validUntil'));
  const validUntil = later(SEEDED_AT, 7 * DAY_MS).toISOString();
  expect(await update({ permissions: ['ACCESS_OPEN'], validUntil })).toMatchObject({
    membership: { permissions: ['ACCESS_OPEN'], validUntil, person: { displayName: 'guest' } },
    errors: [],
  });
  expect(await flat.commands()).toEqual([]);
});

test('whoever leaves sees that it is over, and nothing of the premises any more', async () => {
  const flat = await createHousehold(owners, FAMILY);
  expect(await flat.change('resident', 'leavePremises', { premisesId: flat.premisesId })).toMatchObject({
    membership: {
      id: flat.idOf('resident'),
      status: 'REVOKED',
      premises: { members: { edges: [{ node: { id: flat.idOf('resident') } }] } },
    },
    errors: [],
  });
  expect(await flat.commands()).toMatchObject([{ kind: 'SUBJECT_REMOVE' }]);
  for (const premisesId of [flat.premisesId, 'pr_invented', 'pr_a12'])
    expect(await flat.change('resident', 'leavePremises', { premisesId })).toEqual(refused('NOT_FOUND', 'premisesId'));
  for (const as of ['outsider', 'nobody', 'manager-a'])
    expect(await flat.change(as, 'leavePremises', { premisesId: flat.premisesId })).toEqual(
      refused('NOT_FOUND', 'premisesId'),
    );
});

test('who is in the premises twice stays known to the platform until the second membership ends', async () => {
  const flat = await createHousehold(owners, FAMILY);
  const [, , memberships] = owners.features;
  const again = { id: `${flat.idOf('resident')}_2`, role: 'TENANT', validUntil: later(SEEDED_AT, DAY_MS) } as const;
  const [row] = await owners.database.query<{ personId: string }>(
    'SELECT person_id AS "personId" FROM owners.memberships WHERE id = $1',
    [flat.idOf('resident')],
  );
  await memberships.add(owners.database, {
    ...again,
    personId: row?.personId ?? '',
    premisesId: flat.premisesId,
    invitedBy: null,
    permissions: ['ACCESS_OPEN'],
    status: 'ACTIVE',
    validFrom: SEEDED_AT,
  });
  await flat.change('owner', 'revokeMembership', { membershipId: flat.idOf('resident') });
  expect(await flat.commands()).toEqual([]);
  await flat.change('resident', 'leavePremises', { premisesId: flat.premisesId });
  expect(await flat.commands()).toHaveLength(1);
});

test('leaving ends everything that one is there', async () => {
  const flat = await createHousehold(owners, { owner: { role: 'OWNER' }, second: { role: 'OWNER' } });
  const [, , memberships] = owners.features;
  const [row] = await owners.database.query<{ personId: string }>(
    'SELECT person_id AS "personId" FROM owners.memberships WHERE id = $1',
    [flat.idOf('second')],
  );
  await memberships.add(owners.database, {
    id: `${flat.idOf('second')}_2`,
    personId: row?.personId ?? '',
    premisesId: flat.premisesId,
    invitedBy: null,
    role: 'RESIDENT',
    permissions: ['ACCESS_OPEN'],
    status: 'ACTIVE',
    validFrom: later(SEEDED_AT, -DAY_MS),
    validUntil: null,
  });
  const { membership } = await flat.change('second', 'leavePremises', { premisesId: flat.premisesId });
  expect(membership?.id).toBe(flat.idOf('second'));
  const { data } = await owners.ask(flat.signedIn('second'), '{ me { memberships { id } } }');
  expect(data).toEqual({ me: { memberships: [] } });
  expect(await flat.commands()).toHaveLength(1);
});

test('the same key with the same input answers the first result, and takes effect once', async () => {
  const flat = await createHousehold(owners, FAMILY);
  const input = { membershipId: flat.idOf('resident'), reason: 'moved out', idempotencyKey: `key-${flat.premisesId}` };
  const first = await flat.change('owner', 'revokeMembership', input);
  expect(first.membership?.status).toBe('REVOKED');
  expect(await flat.change('owner', 'revokeMembership', input)).toEqual(first);
  owners.setNow(later(SEEDED_AT, DAY_MS));
  expect(await flat.change('owner', 'revokeMembership', input)).toEqual(first);
  expect(await flat.commands()).toHaveLength(1);
});

test('the same key with another input is refused, and changes nothing', async () => {
  const flat = await createHousehold(owners, { ...FAMILY, second: { role: 'RESIDENT' } });
  const idempotencyKey = `key-${flat.premisesId}`;
  const permissions = ['ACCESS_OPEN'];
  await flat.change('owner', 'updateMembership', { membershipId: flat.idOf('resident'), permissions, idempotencyKey });
  for (const [name, input] of [
    ['updateMembership', { membershipId: flat.idOf('resident'), permissions: [] }],
    ['updateMembership', { membershipId: flat.idOf('resident'), permissions, validUntil: null }],
    ['revokeMembership', { membershipId: flat.idOf('second') }],
    ['leavePremises', { premisesId: flat.premisesId }],
  ] as const)
    expect(await flat.change('owner', name, { ...input, idempotencyKey })).toEqual(
      refused('IDEMPOTENCY_KEY_REUSED', 'idempotencyKey'),
    );
  expect(await flat.statusOf('second')).toBe('ACTIVE');
});

test('a key belongs to whoever used it, and one that was refused is unused', async () => {
  const flat = await createHousehold(owners, { ...FAMILY, guest: { role: 'RESIDENT', by: 'resident' } });
  const input = { membershipId: flat.idOf('guest'), idempotencyKey: `key-${flat.premisesId}` };
  const stale = flat.signedIn('owner', { authTime: later(SEEDED_AT, -DAY_MS) });
  expect((await flat.change(stale, 'revokeMembership', input)).codes).toEqual(['STEP_UP_REQUIRED']);
  await flat.change('resident', 'updateMembership', { ...input, permissions: [] });
  expect((await flat.change('owner', 'revokeMembership', input)).membership?.status).toBe('REVOKED');
});

test('whoever repeats after their own right ended learns nothing about the other', async () => {
  const flat = await createHousehold(owners, { ...FAMILY, second: { role: 'OWNER' } });
  const input = { membershipId: flat.idOf('resident'), idempotencyKey: `key-${flat.premisesId}` };
  await flat.change('second', 'revokeMembership', input);
  await flat.change('second', 'leavePremises', { premisesId: flat.premisesId });
  expect(await flat.change('second', 'revokeMembership', input)).toEqual({ membership: null, errors: [], codes: [] });
});

test.each(['', 'a b', 'ключ'])('"%s" is no key', async (idempotencyKey) => {
  const flat = await createHousehold(owners, FAMILY);
  const membershipId = flat.idOf('resident');
  expect(await flat.change('owner', 'revokeMembership', { membershipId, idempotencyKey })).toEqual(
    refused('BAD_USER_INPUT', 'idempotencyKey'),
  );
});

test('when the command cannot be kept, nothing was revoked', async () => {
  const flat = await createHousehold(owners, FAMILY);
  await owners.database.run('ALTER TABLE outbox.commands RENAME TO commands_away');
  const { codes } = await flat.change('owner', 'revokeMembership', { membershipId: flat.idOf('resident') });
  await owners.database.run('ALTER TABLE outbox.commands_away RENAME TO commands');
  expect(codes).toEqual(['INTERNAL']);
  expect(await flat.statusOf('resident')).toBe('ACTIVE');
});

test('why somebody was revoked is a free text: no table and no log holds it', async () => {
  const flat = await createHousehold(owners, FAMILY);
  const reason = 'tajna-7391';
  await flat.change('owner', 'revokeMembership', { membershipId: flat.idOf('resident'), reason });
  const kept = await owners.database.query('SELECT * FROM owners.idempotency_keys');
  expect(JSON.stringify([kept, await flat.commands(), owners.lines])).not.toContain(reason);
});
