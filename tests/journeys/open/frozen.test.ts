import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, residentOf } from '../../support/residents.ts';

const DEADLINE_MS = 4_000;
const FROZEN_MS = 14_000;
/** After the thaw somebody is told the truth within this. */
const TRUTH_MS = 5_000;
/** A look at the state, and the way to the app. */
const LOOK_MS = 700;

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

const tapAt = async (user: string, label: string) => {
  const resident = await residentOf(house, user);
  const home = await resident.home(label);
  return async () => {
    const tappedAt = performance.now();
    const { operation } = await resident.open({
      premisesId: home.id,
      accessPointId: pointOf(home, 'ENTRANCE').id,
      deadlineMs: DEADLINE_MS,
    });
    const id = operation?.id ?? '';
    const since = async (state?: string): Promise<{ state: string; code: string | undefined; ms: number }> => {
      const ended = await resident.ending(id, state);
      return { state: ended.state, code: ended.error?.code, ms: performance.now() - tappedAt };
    };
    return { since };
  };
};

test('a platform that stands still after a tap has left: unknown at the deadline, and the truth soon after the thaw', async () => {
  // Both platforms are known and signed in to, as they are on any ordinary day.
  const [tapV2, tapV1] = [await tapAt('owner-a12', 'Кв. 12'), await tapAt('tenant-b7', 'Кв. 7')];
  await house.platform.freeze(FROZEN_MS);
  const thawsAt = performance.now() + FROZEN_MS;
  const taps = { v2: await tapV2(), v1: await tapV1() };

  const unknown = await Promise.all([taps.v2.since('UNKNOWN_OUTCOME'), taps.v1.since('UNKNOWN_OUTCOME')]);
  for (const { state, code, ms } of unknown) {
    expect({ state, code }).toEqual({ state: 'UNKNOWN_OUTCOME', code: 'OUTCOME_UNKNOWN' });
    expect(ms).toBeGreaterThan(DEADLINE_MS - LOOK_MS);
    expect(ms).toBeLessThan(DEADLINE_MS + LOOK_MS);
  }

  await eventually(
    async () => performance.now(),
    (now) => now >= thawsAt,
  );
  const [v2, v1] = await Promise.all([taps.v2.since(), taps.v1.since()]);
  expect(performance.now() - thawsAt).toBeLessThan(TRUTH_MS);
  // The second version obeys the deadline. The first knows none: what left in time opens late, and its journal says so.
  expect(v2.state).toBe('EXPIRED');
  expect(v1.state).toBe('SUCCEEDED');
  expect(await house.platform.counts()).toEqual({ 'open:ap_Qy2vA8': 1 });
});
