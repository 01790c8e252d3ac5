import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { principalOf, startOwners } from '../../test/start-owners.ts';

let owners: Awaited<ReturnType<typeof startOwners>>;
beforeAll(async () => {
  owners = await startOwners();
});
afterAll(() => owners.database.close());

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on Person { id displayName phone memberships { id } consents { id } } }
}`;
const asEntity = async (as: string, id: unknown) => {
  const { data, codes } = await owners.ask(as, ENTITIES, { representations: [{ __typename: 'Person', id }] });
  expect(codes).toEqual([]);
  return (data?.['_entities'] as unknown[])[0];
};

test('me is the person of the token, with the phone masked even from oneself', async () => {
  expect((await owners.ask('owner-a12', '{ me { id displayName phone } }')).data).toEqual({
    me: { id: 'pe_ownera12', displayName: 'Анна Ветрова', phone: '+7 *** ***-**-12' },
  });
});

test('staff are people too', async () => {
  expect((await owners.ask('manager-a', '{ me { id memberships { id } consents { id } } }')).data).toEqual({
    me: { id: 'pe_managera', memberships: [], consents: [] },
  });
});

test.each(['nobody', '', 'a'.repeat(300), 'owner-a12\0', "' OR 1=1 --", 'OWNER-A12'])(
  'an account that is not registered is told so: "%s"',
  async (subject) => {
    const { subgraph } = owners;
    const { data, errors } = await subgraph.execute({
      query: '{ me { id } }',
      principal: { ...principalOf('owner-a12'), subject },
      traceId: 'trace',
    });
    expect(data).toBeNull();
    expect(errors?.map(({ message, extensions }) => [message, extensions['code']])).toEqual([
      ['This account is not registered in the house.', 'FORBIDDEN'],
    ]);
  },
);

test('the smart-home service asks as the person', async () => {
  const asService = principalOf('owner-a12', { roles: ['service'], scopes: [], clientId: 'smart-home' });
  const { data } = await owners.ask(asService, '{ me { id memberships { id } } }');
  expect(data).toEqual({ me: { id: 'pe_ownera12', memberships: [{ id: 'me_a12_owner' }, { id: 'me_m12_owner' }] } });
});

test('a person is seen through shared premises: the name in clear, the phone masked, other premises and consents not', async () => {
  expect(await asEntity('resident-a12', 'pe_ownera12')).toEqual({
    id: 'pe_ownera12',
    displayName: 'Анна Ветрова',
    phone: '+7 *** ***-**-12',
    memberships: [{ id: 'me_a12_owner' }],
    consents: [],
  });
});

test('support sees a masked name', async () => {
  expect(await asEntity('support-a', 'pe_ownera12')).toMatchObject({
    displayName: 'А*** В***',
    phone: '+7 *** ***-**-12',
    consents: [],
  });
});

test.each([
  ['owner-a13', 'pe_ownera12'],
  ['outsider', 'pe_ownera12'],
  ['nobody', 'pe_ownera12'],
  ['tenant-b7', 'pe_ownerb7'],
  ['concierge-a', 'pe_ownera12'],
  ['security-a', 'pe_ownera12'],
  ['auditor-a', 'pe_ownera12'],
  ['manager-a', 'pe_ownerb7'],
  ['support-a', 'pe_ownerb7'],
  ['owner-a12', 'pe_managera'],
])('%s does not see %s: the answer is the same as for nobody', async (as, id) => {
  expect(await asEntity(as, id)).toBeNull();
});

test.each([['pe_none'], [''], [null], [7], [{ id: 'pe_ownera12' }], [['pe_ownera12']], ['pe_ownera12\0']])(
  'an id that names nobody is null: %j',
  async (id) => {
    expect(await asEntity('owner-a12', id)).toBeNull();
  },
);
