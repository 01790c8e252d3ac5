import { afterEach, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { alarm, countsOf, untilCounted, untilSubscribed } from '../../support/webhooks.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const ROTATED = '"msg":"webhook-secret-rotated"';

let house: TestHouse;
afterEach(() => house.stop());

test('a secret is replaced in the middle of a stream of events, and none is lost or refused', async () => {
  house = await openHouse();
  await untilSubscribed(house);
  let told = (await untilSettled())['taken'] ?? 0;
  const tell = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) await alarm(house);
    told += count;
  };
  const allTaken = () => untilCounted(house, ({ taken = 0 }) => taken >= told);
  await tell(50);
  // What is on its way would be of the month before.
  await allTaken();
  for (const rotations of [1, 2]) {
    house.advance(31 * DAY_MS);
    while (house.logged().split(ROTATED).length - 1 < rotations) await tell(5);
    await tell(50);
    await allTaken();
  }
  const { taken, ...others } = await countsOf(house);
  expect(taken).toBe(told);
  expect(Object.keys(others).filter((outcome) => outcome.startsWith('refused') || outcome === 'unavailable')).toEqual(
    [],
  );
}, 90_000);

/** Nothing is on its way any more. */
const untilSettled = async (): Promise<Record<string, number>> => {
  let before = '';
  return untilCounted(house, (counts) => {
    const now = JSON.stringify(counts);
    const isSettled = now === before;
    before = now;
    return isSettled;
  });
};
