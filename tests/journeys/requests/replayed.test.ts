/** Somebody has captured a whole request, with its token and its proof. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  type BoundApp,
  boundAppOf,
  challengeOf,
  type Door,
  entranceOf,
  operationOf,
  tapOf,
} from '../../support/bound-app.ts';
import { eventually, newKey, openHouse, type TestHouse } from '../../support/house.ts';

let house: TestHouse;
let app: BoundApp;
let door: Door;
beforeAll(async () => {
  house = await openHouse();
  app = await boundAppOf(house, 'owner-a12');
  door = await entranceOf(app);
});
beforeEach(() => house.platform.reset());
afterAll(() => house.stop());

const opened = async (): Promise<number> =>
  Object.values(await house.platform.counts()).reduce((sum, count) => sum + count, 0);
const succeeded = (id: string | undefined) =>
  eventually(
    async () => {
      const { data } = await app.ask({
        query: 'query ($id: ID!) { operation(id: $id) { state } }',
        variables: { id },
      });
      return (data as { operation: { state: string } | null } | undefined)?.operation?.state;
    },
    (state) => state === 'SUCCEEDED',
  );

test('sent again it is refused and opens nothing, as it was and with another intent in it', async () => {
  const tap = tapOf(door, newKey());
  const proof = app.proof();
  const first = await app.send(tap, proof);
  await succeeded(operationOf(first));
  for (const body of [tap, tapOf(door, newKey())]) {
    const answer = await app.send(body, proof);
    expect({ status: answer.status, code: answer.errors?.[0]?.extensions.code }).toEqual({
      status: 401,
      code: 'UNAUTHENTICATED',
    });
    expect(challengeOf(answer)).toBe('DPoP error="invalid_dpop_proof", algs="ES256"');
  }
  expect(await opened()).toBe(1);
});

test('the app itself may ask again, with a fresh proof and the same key: it is told of the first operation', async () => {
  const tap = tapOf(door, newKey());
  const ids = [];
  for (let n = 0; n < 3; n += 1) ids.push(operationOf(await app.send(tap, app.proof())));
  expect(ids[0]).toMatch(/^op_/);
  expect(new Set(ids).size).toBe(1);
  await succeeded(ids[0]);
  expect(await opened()).toBe(1);
});

test('sent twenty times at once, one has an effect', async () => {
  const proof = app.proof();
  const answers = await Promise.all(Array.from({ length: 20 }, () => app.send(tapOf(door, newKey()), proof)));
  const accepted = answers.filter(({ status }) => status === 200).map(operationOf);
  expect(accepted).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(19);
  await succeeded(accepted[0]);
  expect(await opened()).toBe(1);
});
