import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { residentOf } from '../../support/residents.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('a platform that says "too many" is left alone for as long as it says, in that complex only', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const elsewhere = await residentOf(house, 'owner-b7');
  const before = await owner.home('Кв. 12');
  await elsewhere.homes();
  /** Requests about the first complex that arrived meanwhile. */
  const heard = async (work: () => Promise<unknown>): Promise<{ here: number; elsewhere: number }> => {
    const count = async (pattern: RegExp) =>
      (await house.platform.requests()).filter(({ path }) => pattern.test(path)).length;
    const counts = async () => [await count(/^\/api\/v2\/units\//), await count(/^\/api\/v1\/houses\/23\//)] as const;
    const [here, there] = await counts();
    await work();
    const [hereAfter, thereAfter] = await counts();
    return { here: hereAfter - here, elsewhere: thereAfter - there };
  };

  await house.platform.fault({ kind: '429', match: { siteId: 17 }, times: 1, retryAfterSeconds: 7 });
  expect(await heard(() => owner.homes())).toEqual({ here: 1, elsewhere: 0 });
  house.advance(5_000);
  const meanwhile = await heard(async () => {
    for (let look = 0; look < 5; look += 1) {
      const home = await owner.home('Кв. 12');
      expect(home.accessPoints?.map(({ id }) => id)).toEqual(before.accessPoints?.map(({ id }) => id));
      expect(home.complex.platform.health).toBe('DEGRADED');
    }
    await elsewhere.homes();
  });
  expect(meanwhile).toEqual({ here: 0, elsewhere: 1 });
  house.advance(2_000);
  expect(await heard(() => owner.homes())).toEqual({ here: 1, elsewhere: 0 });
  expect((await owner.home('Кв. 12')).complex.platform.health).toBe('UP');
});
