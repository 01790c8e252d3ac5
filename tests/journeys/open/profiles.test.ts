/** What becomes of a door by what the platform keeps (docs/delivery.md). */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { eventually, openHouse, type TestHouse } from '../../support/house.ts';
import { type Home, pointOf, type Resident, residentOf } from '../../support/residents.ts';

const BEFORE = ['timeout-before', 'reset-before', '500-before'];
const AFTER = ['timeout-after-effect', 'reset-after-effect', '500-after-effect'];
const ENDS = new Set(['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED']);
const FAULTS = [...BEFORE, ...AFTER];
/** The platform's names of six doors that nobody shares. */
const DOORS = ['ap_Hn4xW1', 'ap_Vb7sE9', 'ap_Zk8mL6', 'ap_Cf3qN7', 'ap_Pw6hU4', 'ap_Xg5nD2'];
const [DOOR_A = '', , , OTHER_DOOR_A = ''] = DOORS;
const DOOR_C = 'ap_Xg5nD2';

let house: TestHouse;
let doors: Map<string, { resident: Resident; home: Home; kind: string }>;
beforeAll(async () => {
  house = await openHouse();
});
beforeEach(async () => {
  await house.platform.reset();
  const at = async (user: string, label: string) => {
    const resident = await residentOf(house, user);
    return { resident, home: await resident.home(label) };
  };
  const [a12, a13, c1] = [
    await at('owner-a12', 'Кв. 12'),
    await at('owner-a13', 'Кв. 13'),
    await at('owner-c1', 'Дом 1'),
  ];
  doors = new Map([
    [DOOR_A, { ...a12, kind: 'ENTRANCE' }],
    ['ap_Vb7sE9', { ...a12, kind: 'ELEVATOR' }],
    ['ap_Zk8mL6', { ...a12, kind: 'BARRIER' }],
    [OTHER_DOOR_A, { ...a13, kind: 'ENTRANCE' }],
    ['ap_Pw6hU4', { ...a13, kind: 'ELEVATOR' }],
    [DOOR_C, { ...c1, kind: 'ENTRANCE' }],
  ]);
});
afterAll(() => house.stop());

/** Taps the door. @returns the operation, and whoever asked for it. */
const tap = async (door: string, deadlineMs?: number) => {
  const at = doors.get(door);
  if (!at) throw new Error(`nobody opens ${door}`);
  const { resident, home, kind } = at;
  const { operation } = await resident.open({
    premisesId: home.id,
    accessPointId: pointOf(home, kind).id,
    ...(deadlineMs && { deadlineMs }),
  });
  return { resident, id: operation?.id ?? '' };
};
const sendings = async (door: string) =>
  (await house.platform.requests()).filter(({ path }) => path.endsWith(`/${door}/open`)).length;
const isSent = (door: string, times = 1) =>
  eventually(
    () => sendings(door),
    (sent) => sent >= times,
  );
const opened = async (door: string) => (await house.platform.counts())[`open:${door}`] ?? 0;
/** Every state that is shown until it has ended. */
const shown = async ({ resident, id }: Awaited<ReturnType<typeof tap>>): Promise<string[]> => {
  const states = new Set<string>();
  await eventually(
    async () => (await resident.status(id))?.state ?? '',
    (state) => {
      states.add(state);
      return ENDS.has(state);
    },
  );
  return [...states];
};
/** What doors came to when the answer to their first sending went wrong, each in another way. */
const underEveryFault = async () => {
  const taps = await Promise.all(
    FAULTS.map(async (fault, index) => {
      const door = DOORS[index] ?? '';
      await house.platform.fault({ kind: fault, match: { method: 'POST', path: `/${door}/open` }, times: 1 });
      return { fault, door, ...(await tap(door)) };
    }),
  );
  return async () =>
    Object.fromEntries(
      await Promise.all(
        taps.map(async ({ fault, door, resident, id }) => {
          const { state } = await resident.ending(id, 'UNKNOWN_OUTCOME');
          return [fault, { state, effects: await opened(door), sendings: await sendings(door) }];
        }),
      ),
    );
};
const each = <T>(faults: string[], value: T) => Object.fromEntries(faults.map((fault) => [fault, value]));

test.each(['A', 'B'] as const)(
  '%s: whatever becomes of the answer, the door opens once and says so',
  async (profile) => {
    await house.platform.profile(profile);
    const outcomes = await underEveryFault();
    expect(await outcomes()).toEqual({
      ...each(BEFORE, { state: 'SUCCEEDED', effects: 1, sendings: 2 }),
      ...each(AFTER, { state: 'SUCCEEDED', effects: 1, sendings: 1 }),
    });
  },
);

test('C: a door whose answer was lost is sent once, opens at most once, and stays unknown for good', async () => {
  await house.platform.profile('C');
  const outcomes = await underEveryFault();
  const unknown = { state: 'UNKNOWN_OUTCOME', sendings: 1 };
  const expected = {
    ...each(BEFORE, { ...unknown, effects: 0 }),
    ...each(AFTER, { ...unknown, effects: 1 }),
  };
  expect(await outcomes()).toEqual(expected);
  const asked = async () => (await house.platform.requests()).filter(({ path }) => path.includes('/by-key/')).length;
  const before = await asked();
  house.advance(60_000);
  const last = await tap('ap_Pw6hU4');
  await last.resident.ending(last.id);
  expect(await outcomes()).toMatchObject(each(FAULTS, { state: 'UNKNOWN_OUTCOME' }));
  expect(await asked()).toBe(before);
});

test('C: a door whose answer arrived is asked about by the name that the platform gave it', async () => {
  await house.platform.profile('C');
  const { resident, id } = await tap(DOOR_A);
  expect(await resident.ending(id)).toMatchObject({ state: 'SUCCEEDED', attempts: 1 });
  expect(await opened(DOOR_A)).toBe(1);
  const asked = (await house.platform.requests()).map(({ path }) => path);
  expect(asked.filter((path) => path.includes('/by-key/') || path.includes('/sites/'))).toEqual([]);
});

/** The site was asked what it keeps, and what followed from its answer has been told: another door has opened since. */
const isJudged = async () => {
  await eventually(
    async () => (await house.platform.requests()).some(({ path }) => path.includes('/sites/')),
    (asked) => asked,
  );
  const other = await tap('ap_Pw6hU4');
  await other.resident.ending(other.id);
};

/** The platform stands still when the bytes have arrived, until after the deadline. */
const freezeOver = async (door: string) => {
  // A connection must be open: a new one would wait for the platform before a byte of the request leaves.
  await doors.get(door)?.resident.homes();
  await house.platform.freeze(2_600);
  const tapped = await tap(door);
  await isSent(door);
  house.advance(12_000);
  return tapped;
};

test('A: a platform that stood still until after the deadline opens nothing', async () => {
  const tapped = await freezeOver(DOOR_A);
  expect(await tapped.resident.ending(tapped.id)).toMatchObject({ state: 'EXPIRED' });
  expect(await opened(DOOR_A)).toBe(0);
});

test('B: a platform that stood still until after the deadline opens late, and nobody was told that it did not', async () => {
  await house.platform.profile('B');
  const tapped = await freezeOver(DOOR_A);
  const states = await shown(tapped);
  expect(states.at(-1)).toBe('SUCCEEDED');
  expect(states).toContain('UNKNOWN_OUTCOME');
  expect(await house.platform.counts()).toEqual({ [`open:${DOOR_A}`]: 1 });
  expect(await sendings(DOOR_A)).toBe(1);
});

test('C: a platform that stood still until after the deadline opens at most once, and is not known to have done so', async () => {
  await house.platform.profile('C');
  const tapped = await freezeOver(DOOR_A);
  await eventually(
    () => opened(DOOR_A),
    (times) => times > 0,
  );
  await isJudged();
  expect(await tapped.resident.status(tapped.id)).toMatchObject({ state: 'UNKNOWN_OUTCOME' });
  expect(await opened(DOOR_A)).toBe(1);
  expect(await sendings(DOOR_A)).toBe(1);
});

test('a request that arrives after its deadline, when its key was asked for in vain: A opens nothing, B opens and says so', async () => {
  await house.platform.profile('A', 17);
  await house.platform.profile('B', 31);
  for (const [door, ms] of [
    [DOOR_A, 3_000],
    [DOOR_C, 3_500],
  ] as const)
    await house.platform.fault({ kind: 'held-up', ms, match: { path: `/${door}/open` } });
  const [onA, onB] = [await tap(DOOR_A), await tap(DOOR_C)];
  await Promise.all([isSent(DOOR_A), isSent(DOOR_C)]);
  house.advance(12_000);
  const states = await shown(onB);
  expect(states.at(-1)).toBe('SUCCEEDED');
  expect(await onA.resident.ending(onA.id)).toMatchObject({ state: 'EXPIRED' });
  // That of A arrived before that of B, which has opened.
  expect(await house.platform.counts()).toEqual({ [`open:${DOOR_C}`]: 1 });
});

test('C: a request that is held up opens once, and its door is never said to be shut', async () => {
  await house.platform.profile('C');
  await house.platform.fault({ kind: 'held-up', ms: 2_500, match: { path: `/${OTHER_DOOR_A}/open` } });
  const tapped = await tap(OTHER_DOOR_A);
  await isSent(OTHER_DOOR_A);
  house.advance(12_000);
  await eventually(
    () => opened(OTHER_DOOR_A),
    (times) => times > 0,
  );
  await isJudged();
  expect(await tapped.resident.status(tapped.id)).toMatchObject({ state: 'UNKNOWN_OUTCOME' });
  expect([await opened(OTHER_DOOR_A), await sendings(OTHER_DOOR_A)]).toEqual([1, 1]);
});

test('B: a request that left no trace is expired only when it can no longer be on its way', async () => {
  await house.platform.profile('B');
  await house.platform.fault({ kind: 'timeout-before', match: { path: `/${DOOR_A}/open` } });
  const tapped = await tap(DOOR_A);
  await isSent(DOOR_A);
  house.advance(11_000);
  await isJudged();
  expect(await tapped.resident.status(tapped.id)).toMatchObject({ state: 'UNKNOWN_OUTCOME' });
  house.advance(4_000);
  expect(await tapped.resident.ending(tapped.id)).toMatchObject({ state: 'EXPIRED' });
  expect(await opened(DOOR_A)).toBe(0);
});
