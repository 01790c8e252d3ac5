import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, residentOf } from '../../support/residents.ts';
import { homeWithDoors } from '../memberships/members.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

test('a tap that could not reach the platform now is refused at once, with the other ways in and when to try again', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const outsider = await residentOf(house, 'outsider');
  const home = await homeWithDoors(owner, 'Кв. 12');
  const entrance = { premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id };
  const idempotencyKey = newKey();
  const before = await owner.open({ ...entrance, idempotencyKey });
  await owner.ending(before.operation?.id ?? '');

  // The platform asks for half a minute's peace.
  await house.platform.fault({ kind: '429', retryAfterSeconds: 30, match: { path: '/access-points' }, times: 1 });
  await owner.home('Кв. 12');
  await house.platform.reset();

  const refused = await owner.open(entrance);
  expect(refused).toMatchObject({
    operation: null,
    errors: [{ code: 'PLATFORM_UNAVAILABLE', path: ['input', 'accessPointId'] }],
  });
  const [error] = refused.errors;
  expect(error?.message).toBe(
    'The smart-home platform cannot be reached; other ways in: PIN code, face, key fob, call from the door.',
  );
  expect(error?.retryAfterSeconds).toBeGreaterThan(0);
  expect(error?.retryAfterSeconds).toBeLessThanOrEqual(30);

  // Whoever may not open learns nothing from it, and what was promised before is still answered.
  expect(await outsider.open(entrance)).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] });
  expect(await owner.open({ ...entrance, accessPointId: 'ac_x' })).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] });
  expect(await owner.open({ ...entrance, idempotencyKey })).toMatchObject({
    operation: { id: before.operation?.id, state: 'SUCCEEDED' },
    errors: [],
  });
  expect((await house.platform.requests()).filter(({ path }) => path.endsWith('/open'))).toEqual([]);

  house.advance(31_000);
  const after = await owner.open(entrance);
  expect(await owner.ending(after.operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
});
