import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../support/house.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

const ask = async (query: string, scope: string) =>
  house.post({ query }, { authorization: `Bearer ${await house.token('owner-a12', scope)}` });

test('premises ask for their scope by whatever way they are reached', async () => {
  const ways = [
    'me { memberships { premises { label } } }',
    'me { memberships { premises { members { edges { node { person { displayName } } } } } } }',
    'myPremises { label }',
    'premises(id: "pr_a12") { label }',
  ];
  for (const way of ways) {
    const { status, errors } = await ask(`{ ${way} }`, 'access:open');
    expect({ way, status, code: errors?.[0]?.extensions.code }).toEqual({ way, status: 403, code: 'FORBIDDEN' });
  }
});

test('what a person is stays visible without it', async () => {
  const { status, data } = await ask('{ me { memberships { role } } }', 'access:open');
  expect(status).toBe(200);
  expect(data).toMatchObject({ me: { memberships: expect.arrayContaining([{ role: 'OWNER' }]) } });
});
