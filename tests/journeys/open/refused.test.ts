import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../../support/documents.ts';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { type Home, pointOf, residentOf } from '../../support/residents.ts';

let house: TestHouse;
let home: Home;
let neighbourHome: Home;
beforeAll(async () => {
  house = await openHouse();
  home = await (await residentOf(house, 'owner-a12')).home('Кв. 12');
  neighbourHome = await (await residentOf(house, 'owner-a13')).home('Кв. 13');
  await house.platform.reset();
});
// Refused means refused: nothing reached the platform.
afterEach(async () => {
  expect((await house.platform.requests()).filter(({ path }) => path.includes('/open'))).toEqual([]);
  expect(await house.platform.effects()).toEqual([]);
});
afterAll(() => house.stop());

const tap = (input: Record<string, unknown> = {}) => ({
  query: documentText('open-access-point'),
  variables: {
    input: { premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id, idempotencyKey: newKey(), ...input },
  },
});

test("the neighbour's premises do not exist", async () => {
  const owner = await residentOf(house, 'owner-a12');
  const answer = await owner.open({
    premisesId: neighbourHome.id,
    accessPointId: pointOf(neighbourHome, 'ENTRANCE').id,
  });
  const invented = await owner.open({
    premisesId: 'pr_invented',
    accessPointId: pointOf(neighbourHome, 'ENTRANCE').id,
  });
  expect(answer).toMatchObject({ operation: null, errors: [{ code: 'NOT_FOUND' }] });
  expect(invented).toEqual(answer);
});

test("the neighbour's door does not exist in one's own premises", async () => {
  const owner = await residentOf(house, 'owner-a12');
  const answer = await owner.open({ premisesId: home.id, accessPointId: pointOf(neighbourHome, 'ENTRANCE').id });
  expect(answer).toMatchObject({ operation: null, errors: [{ code: 'NOT_FOUND' }] });
});

test('somebody without a home opens nothing', async () => {
  const outsider = await residentOf(house, 'outsider');
  expect(await outsider.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id })).toMatchObject({
    operation: null,
    errors: [{ code: 'NOT_FOUND' }],
  });
});

test('without a token nobody is asked anything', async () => {
  const answer = await house.post(tap());
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  expect(answer.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
});

test('a token without the scope opens nothing', async () => {
  const answer = await house.post(tap(), {
    authorization: `Bearer ${await house.token('owner-a12', 'premises:read access:read')}`,
  });
  expect(answer.status).toBe(403);
  expect(answer.errors).toMatchObject([{ path: ['openAccessPoint'], extensions: { code: 'FORBIDDEN' } }]);
});

test('a role without the scope opens nothing', async () => {
  const answer = await house.post(tap(), { authorization: `Bearer ${await house.token('concierge-a')}` });
  expect(answer).toMatchObject({ status: 403, errors: [{ extensions: { code: 'FORBIDDEN' } }] });
});

test.each([2_999, 20_001, 0, -1])('a deadline of %d ms is refused', async (deadlineMs) => {
  const owner = await residentOf(house, 'owner-a12');
  const answer = await owner.open({ premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id, deadlineMs });
  expect(answer).toMatchObject({
    operation: null,
    errors: [{ code: 'BAD_USER_INPUT', path: ['input', 'deadlineMs'] }],
  });
});

test('an expired token opens nothing', async () => {
  const authorization = `Bearer ${await house.token('owner-a12')}`;
  house.advance(11 * 60_000);
  const answer = await house.post(tap(), { authorization });
  expect(answer).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
});
