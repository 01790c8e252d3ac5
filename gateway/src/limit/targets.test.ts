import { afterEach, expect, test } from '@jest/globals';
import { type Doors, misspelt, SELECTIONS, startDoors, UNANSWERED } from '../test/doors.ts';
import { startHouse } from '../test/house.ts';

let house: Doors;
afterEach(() => house.close());

const MINUTE_MS = 60_000;
const perDoor = (max: number) => ({
  'Mutation.openAccessPoint': [
    { per: 'actor', max: 3, windowMs: MINUTE_MS },
    { per: 'accessPoint', argument: 'input.accessPointId', max, windowMs: MINUTE_MS },
  ] as const,
});
const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
  const since = performance.now();
  while (!(await isTrue()) && performance.now() - since < 5_000)
    await new Promise((resolve) => setTimeout(resolve, 20));
};
const statusesOf = (answers: readonly { status: number }[]): number[] => answers.map(({ status }) => status);

test('a door has a budget of its own, and what it refuses is not taken from who asked', async () => {
  house = await startDoors({ limits: perDoor(2) });
  const atOne = [1, 2, 3, 4].map(() => house.open('anna', 'door-of-anna'));
  expect(statusesOf(await Promise.all(atOne)).sort()).toEqual([200, 200, 429, 429]);
  // One place of her own is left: a door that she may not open is answered, not refused for too many.
  const other = await house.open('anna', 'door-of-boris');
  expect(other.body.data).toEqual({ openAccessPoint: { operation: null, errors: [{ code: 'NOT_FOUND' }] } });
  expect((await house.open('anna', 'door-of-boris')).status).toBe(429);
});

test.each(Object.entries(SELECTIONS))(
  'strangers use up nothing of a door that is not theirs, and they see as much as they asked for: %s',
  async (_what, selection) => {
    house = await startDoors({ limits: perDoor(2) });
    for (let stranger = 0; stranger < 20; stranger += 1) {
      const { status, body } = await house.open(`stranger-${stranger}`, 'door-of-anna', selection);
      expect(status).toBe(200);
      expect(Object.keys(body.data?.['openAccessPoint'] as object)).toEqual(
        selection === SELECTIONS.nothing ? ['__typename'] : ['operation', 'errors'],
      );
    }
    expect(statusesOf([await house.open('anna', 'door-of-anna'), await house.open('anna', 'door-of-anna')])).toEqual([
      200, 200,
    ]);
    expect(house.opened).toEqual(['anna', 'anna']);
  },
);

test('a stranger pays for every try', async () => {
  house = await startDoors({ limits: perDoor(100) });
  const tries = Array.from({ length: 5 }, () => house.open('stranger', 'door-of-anna'));
  expect(statusesOf(await Promise.all(tries)).sort()).toEqual([200, 200, 200, 429, 429]);
});

test('who mistypes pays nothing for it, and who guesses beside does', async () => {
  house = await startDoors({ limits: perDoor(100) });
  const mistake = misspelt('BAD_USER_INPUT');
  for (let n = 0; n < 10; n += 1) expect((await house.open('anna', mistake, SELECTIONS.nothing)).status).toBe(200);
  const guess = misspelt('BAD_USER_INPUT', 'NOT_FOUND');
  const answers = [1, 2, 3, 4].map(() => house.open('anna', guess));
  expect(statusesOf(await Promise.all(answers)).sort()).toEqual([200, 200, 200, 429]);
  expect((await house.open('anna', mistake)).status).toBe(429);
});

test('a mistake is paid for where the policy counts it as a guess', async () => {
  const [actor] = perDoor(1)['Mutation.openAccessPoint'];
  const lockout = { failures: 10, withinMs: MINUTE_MS, firstMs: MINUTE_MS, longestMs: MINUTE_MS };
  const policy = { budgets: [actor], lockout: { ...lockout, codes: ['BAD_USER_INPUT'] } };
  house = await startDoors({ limits: { 'Mutation.openAccessPoint': policy } });
  // It is opened when first asked, which takes long.
  await house.database.query('SELECT 1', []);
  for (let n = 0; n < 3; n += 1) expect((await house.open('anna', misspelt('BAD_USER_INPUT'))).status).toBe(200);
  expect((await house.open('anna', misspelt('BAD_USER_INPUT'))).status).toBe(429);
});

test('1 000 accounts that share one door open it exactly as often as the door allows', async () => {
  house = await startDoors({ limits: perDoor(20) });
  const statuses: number[] = [];
  // A hundred connections at once: more would try the machine, not the limit.
  for (let account = 0; account < 1_000; account += 100)
    statuses.push(
      ...statusesOf(
        await Promise.all(Array.from({ length: 100 }, (_, n) => house.open(`of-all-${account + n}`, 'door-of-all'))),
      ),
    );
  expect(statuses.filter((status) => status === 200)).toHaveLength(20);
  expect(statuses.filter((status) => status === 429)).toHaveLength(980);
  expect(house.opened).toHaveLength(20);
});

test('decisions are counted by policy and verdict, and by nothing that tells who or what', async () => {
  house = await startDoors({ limits: perDoor(1) });
  await house.open('anna', 'door-of-anna');
  await house.open('anna', 'door-of-anna');
  const text = await (await fetch(`${house.adminUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('limit_decisions_total'));
  expect(lines).toEqual([
    'limit_decisions_total{policy="Mutation.openAccessPoint",verdict="admitted"} 1',
    'limit_decisions_total{policy="Mutation.openAccessPoint",verdict="refused"} 1',
  ]);
});

test.each(UNANSWERED)('who gets no answer uses up nothing of a door that is not theirs: %s', async (stranger) => {
  house = await startDoors({ limits: { 'Mutation.openAccessPoint': perDoor(2)['Mutation.openAccessPoint'].slice(1) } });
  const aliases = ['a', 'b'].map(
    (name) => `${name}: openAccessPoint(input: { accessPointId: "door-of-anna" }) { __typename }`,
  );
  const { codes } = await house.ask(`mutation { ${aliases.join(' ')} }`, {
    claims: { sub: stranger },
    headers: stranger === 'late-1' ? { 'x-request-deadline': '200' } : {},
  });
  expect(codes).toEqual([stranger === 'late-1' ? 'DEADLINE_EXCEEDED' : 'INTERNAL']);
  // Who is late is told so before the places are free.
  await until(async () => (await house.open('anna', 'door-of-anna')).status === 200);
  expect(house.opened).toEqual(['anna']);
  expect((await house.open('anna', 'door-of-anna')).status).toBe(200);
});

test('what was done keeps its place, also where the answer has no errors to see', async () => {
  const plain = await startHouse({
    limits: { 'Mutation.openAccessPoint': [{ per: 'accessPoint', argument: 'id', max: 1, windowMs: MINUTE_MS }] },
  });
  try {
    const statusNow = async () => (await plain.ask('mutation { openAccessPoint(id: "ap") }')).status;
    expect([await statusNow(), await statusNow()]).toEqual([200, 429]);
  } finally {
    await plain.close();
  }
});
