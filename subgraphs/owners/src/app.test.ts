import { later } from '@house/kernel/clock';
import { SEED_PEOPLE, SEED_PREMISES } from '@house/schema/seed.ts';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { DAY_MS, SEEDED_AT, startOwners } from '../test/start-owners.ts';

let owners: Awaited<ReturnType<typeof startOwners>>;
beforeAll(async () => {
  owners = await startOwners();
});
afterEach(() => owners.setNow(SEEDED_AT));
afterAll(() => owners.database.close());

/** What the smart-home service asks before it lets anybody do anything. */
const MEMBERSHIPS = `query Memberships {
  me {
    id
    consents { purpose status expiresAt }
    memberships(activeOnly: true) {
      id role permissions status validFrom validUntil
      premises { id kind complex { id timeZone } suspension { reason since until } }
    }
  }
}`;

/** Every value of every table, the sealed ones read as if they were text. */
const dump = async (): Promise<string> => {
  const tables = await owners.database.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'owners' ORDER BY 1",
  );
  expect(tables.length).toBeGreaterThan(6);
  const rows = await Promise.all(
    tables.map(({ name }) => owners.database.query(`SELECT * FROM owners.${name} ORDER BY 1`)),
  );
  return rows
    .flat()
    .flatMap((row) => Object.values(row))
    .map((value) =>
      ArrayBuffer.isView(value)
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()
        : JSON.stringify(value),
    )
    .join('\n');
};

test('whoever steals the tables finds no name, phone or label in them', async () => {
  const stolen = await dump();
  expect(stolen).toContain('pe_ownera12');
  for (const { displayName, phone } of SEED_PEOPLE) {
    for (const word of displayName.split(' ').filter((part) => part.length > 2)) expect(stolen).not.toContain(word);
    expect(stolen).not.toContain(phone.slice(1));
  }
  for (const { label } of SEED_PREMISES) expect(stolen).not.toContain(label);
});

test('a sealed name that was moved to another row does not open', async () => {
  const { database, lines } = owners;
  await database.query(
    "UPDATE owners.people SET display_name = (SELECT display_name FROM owners.people WHERE id = 'pe_ownera12') WHERE id = 'pe_outsider'",
  );
  const { data, codes } = await owners.ask('outsider', '{ me { displayName } }');
  expect([data, codes]).toEqual([null, ['INTERNAL']]);
  expect(lines.join('')).not.toMatch(/Анна|Егор/);
  await database.query("DELETE FROM owners.consents WHERE person_id = 'pe_outsider'");
  await database.query("DELETE FROM owners.people WHERE id = 'pe_outsider'");
  await owners.seed();
  expect((await owners.ask('outsider', '{ me { displayName } }')).data).toEqual({
    me: { displayName: 'Егор Странник' },
  });
});

test('seeding again changes nothing, and terms do not begin anew', async () => {
  const before = await dump();
  owners.setNow(later(SEEDED_AT, DAY_MS));
  await owners.migrate();
  await owners.seed();
  expect(await dump()).toBe(before);
});

test('the smart-home service learns all it needs in four statements', async () => {
  const { data, codes, statements } = await owners.ask('tenant-b7', MEMBERSHIPS);
  expect(codes).toEqual([]);
  expect(data).toMatchObject({
    me: {
      id: 'pe_tenantb7',
      consents: [
        { purpose: 'PLATFORM_TRANSFER', status: 'ACTIVE', expiresAt: null },
        { purpose: 'VEHICLE_ACCESS', status: 'ACTIVE', expiresAt: null },
      ],
      memberships: [
        {
          id: 'me_b7_tenant',
          role: 'TENANT',
          status: 'ACTIVE',
          validFrom: '2026-11-24T09:00:00.000Z',
          validUntil: '2026-12-24T09:00:00.000Z',
          premises: {
            id: 'pr_b7',
            kind: 'APARTMENT',
            complex: { id: 'cx_b', timeZone: 'Europe/Moscow' },
            suspension: null,
          },
        },
      ],
    },
  });
  expect(statements).toBeLessThanOrEqual(4);
  expect((await owners.ask('owner-a12', MEMBERSHIPS)).statements).toBeLessThanOrEqual(4);
});

test('a member of staff has no memberships to tell the smart-home service', async () => {
  const { data, codes, statements } = await owners.ask('manager-a', MEMBERSHIPS);
  expect([data, codes]).toEqual([{ me: { id: 'pe_managera', consents: [], memberships: [] } }, []]);
  expect(statements).toBeLessThanOrEqual(4);
});

const EVERYTHING = `{
  myPremises {
    id label complex { id name } suspension { reason } myMembership { id person { id } }
    invitations { id }
    members(first: 100) {
      edges { node { id role person { id displayName phone memberships { id premises { label } } consents { id } } } }
    }
  }
}`;

test('fifty premises with their members and persons cost as many statements as one', async () => {
  const [people, premises, memberships] = owners.features;
  const add = async (count: number, owner: string, prefix: string) => {
    for (let index = 0; index < count; index += 1) {
      const id = `${prefix}${index}`;
      await people.add(owners.database, {
        id: `pe_${id}`,
        account: id,
        displayName: `Гость ${id}`,
        phone: '+79160001234',
      });
      await premises.add(owners.database, { id: `pr_${id}`, complexId: 'cx_c', kind: 'STORAGE', label: `К-${id}` });
      const membership = {
        premisesId: `pr_${id}`,
        invitedBy: null,
        permissions: [],
        status: 'ACTIVE',
        validFrom: SEEDED_AT,
        validUntil: null,
      } as const;
      await memberships.add(owners.database, { ...membership, id: `me_o_${id}`, personId: owner, role: 'OWNER' });
      await memberships.add(owners.database, {
        ...membership,
        id: `me_r_${id}`,
        personId: `pe_${id}`,
        role: 'RESIDENT',
      });
    }
  };
  await add(1, 'pe_outsider', 'one');
  await add(50, 'pe_ownerc1', 'many');
  const one = await owners.ask('outsider', EVERYTHING);
  const many = await owners.ask('owner-c1', EVERYTHING);
  expect((one.data?.['myPremises'] as unknown[]).length).toBe(1);
  expect((many.data?.['myPremises'] as unknown[]).length).toBe(51);
  expect(many.statements).toBe(one.statements);
  expect(many.statements).toBeLessThanOrEqual(10);
});

test('a hundred references of every kind cost as many statements as one of each', async () => {
  const query = `query ($representations: [_Any!]!) {
    _entities(representations: $representations) {
      ... on Person { displayName } ... on Premises { label } ... on Complex { name } ... on Membership { role }
    }
  }`;
  const of = (count: number) =>
    Array.from({ length: count }, (_, index) => [
      { __typename: 'Person', id: `pe_many${index}` },
      { __typename: 'Premises', id: `pr_many${index}` },
      { __typename: 'Membership', id: `me_r_many${index}` },
      { __typename: 'Complex', id: 'cx_c' },
    ]).flat();
  const one = await owners.ask('owner-c1', query, { representations: of(1) });
  const many = await owners.ask('owner-c1', query, { representations: of(50) });
  expect((many.data?.['_entities'] as unknown[]).filter((entity) => entity === null)).toEqual([]);
  expect(many.statements).toBe(one.statements);
});

test('nothing that identifies a person reaches the log', async () => {
  for (const { handle } of SEED_PEOPLE) await owners.ask(handle, EVERYTHING);
  await owners.ask('nobody', EVERYTHING);
  const log = owners.lines.join('');
  for (const { displayName, phone } of SEED_PEOPLE) {
    expect(log).not.toContain(displayName);
    expect(log).not.toContain(phone.slice(1));
  }
});

test('the subgraph publishes its own SDL with the directives that the gateway enforces', async () => {
  const { data } = await owners.ask('owner-a12', '{ _service { sdl } }');
  expect((data?.['_service'] as { sdl: string }).sdl).toContain('@requiresScopes(scopes: [["premises:read"]])');
});
