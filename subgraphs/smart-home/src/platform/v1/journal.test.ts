import { later } from '@house/kernel/clock';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { faultOf, PlatformFault } from '../faults.ts';
import { createJournalV1, isUnaccountedFor } from './journal.ts';
import { earliestInstant, localDays } from './local-time.ts';
import type { V1Session } from './session.ts';

const NOON = new Date('2026-03-01T12:00:00Z');
const signal = new AbortController().signal;
const UNIT = { siteId: 23, unitId: 'unit_1', flatId: 7 };
const DOOR = { domophoneId: 2301, doorId: 0 };

type Told = {
  uuid: string;
  date: string;
  event: number | string;
  domophoneId: number | string;
  doorId: number | string;
};
const told = (date: string, overrides: Partial<Told> = {}): Told => ({
  uuid: `at ${date}`,
  date,
  event: 4,
  ...DOOR,
  ...overrides,
});

/** A platform of the first version with these events and this house. */
const platform = (
  events: Told[],
  { now = NOON, timezone, empty = 'no data' }: { now?: Date; timezone?: string; empty?: 'no data' | '404' } = {},
) => {
  const paths: string[] = [];
  const session: V1Session = {
    clock: () => now,
    call: async ({ path }) => {
      paths.push(path);
      if (path.startsWith('/houses?')) return [{ houseId: '23', name: 'B', ...(timezone && { timezone }) }];
      const query = new URLSearchParams(path.split('?')[1]);
      const [page, per] = [Number(query.get('page')), Number(query.get('per'))];
      const found = events.filter(({ date }) => date.startsWith(query.get('day') ?? ''));
      if (found.length === 0 && empty === '404') throw new PlatformFault(faultOf(404));
      const shown = found.slice((page - 1) * per, page * per);
      return shown.length > 0 ? shown : undefined;
    },
    health: async () => undefined,
  };
  const journal = createJournalV1(session);
  const openings = async (since: Date): Promise<string[]> =>
    (await journal.openings({ unit: UNIT, door: DOOR, since }, signal)).map((at) => at.toISOString());
  return { openings, paths };
};

test('an opening of the same second counts, one of the second before the last does not', async () => {
  const { openings } = platform([
    told('2026-03-01 15:00:02'),
    told('2026-03-01 15:00:01'),
    told('2026-03-01 15:00:00'),
    told('2026-03-01 14:59:59'),
  ]);
  expect(await openings(new Date('2026-03-01T12:00:01.900Z'))).toEqual([
    '2026-03-01T12:00:01.000Z',
    '2026-03-01T12:00:02.000Z',
  ]);
});

test('what was opened by something else, or at another door, is no opening of this door by the application', async () => {
  const { openings } = platform([
    told('2026-03-01 15:00:01', { event: 3 }),
    told('2026-03-01 15:00:02', { doorId: 1 }),
    told('2026-03-01 15:00:03', { domophoneId: 2302 }),
  ]);
  expect(await openings(NOON)).toEqual([]);
});

test('an event that is told twice is one, and numbers may be written as strings', async () => {
  const event = told('2026-03-01 15:00:01', { event: '4', domophoneId: '2301', doorId: '0' });
  const { openings } = platform([event, event]);
  expect(await openings(NOON)).toEqual(['2026-03-01T12:00:01.000Z']);
});

test.each(['no data', '404'] as const)('a day without events is %s, and read all the same', async (empty) => {
  const { openings } = platform([], { empty });
  expect(await openings(NOON)).toEqual([]);
});

test('a long day is read to its end', async () => {
  const visitors = Array.from({ length: 100 }, (_, index) => told('2026-03-01 14:00:00', { uuid: `visitor-${index}` }));
  const { openings } = platform([...visitors, told('2026-03-01 15:00:01')]);
  expect(await openings(NOON)).toEqual(['2026-03-01T12:00:01.000Z']);
});

test('a list without an end is not believed', async () => {
  const { openings } = platform(
    Array.from({ length: 6_000 }, (_, index) => told('2026-03-01 15:00:01', { uuid: `visitor-${index}` })),
  );
  await expect(openings(NOON)).rejects.toThrow('PLATFORM_CONTRACT_BROKEN');
});

test("days and hours are those of the house, whose zone is asked for once and is Moscow's when it names none", async () => {
  const ural = platform([told('2026-03-01 17:00:01')], { timezone: 'Asia/Yekaterinburg' });
  expect(await ural.openings(NOON)).toEqual(['2026-03-01T12:00:01.000Z']);
  await ural.openings(NOON);
  expect(ural.paths.filter((path) => path.startsWith('/houses'))).toHaveLength(1);
});

test('a zone that does not exist is not taken for Moscow', async () => {
  const { openings } = platform([told('2026-03-01 15:00:01')], { timezone: 'Europe/Atlantis' });
  await expect(openings(NOON)).rejects.toThrow('PLATFORM_CONTRACT_BROKEN');
});

test('an open before midnight is looked for on both days', async () => {
  const beforeMidnight = new Date('2026-03-01T20:59:58Z');
  const { openings } = platform([told('2026-03-01 23:59:58'), told('2026-03-02 00:00:00')], {
    now: later(beforeMidnight, 20_000),
  });
  expect(await openings(beforeMidnight)).toEqual(['2026-03-01T20:59:58.000Z', '2026-03-01T21:00:00.000Z']);
});

test('an hour that the wall shows twice is taken for its first time, and days are counted through a change of clocks', () => {
  expect(earliestInstant('2026-10-25 02:30:00', 'Europe/Berlin')).toEqual(new Date('2026-10-25T00:30:00Z'));
  expect(earliestInstant('2026-10-25 03:30:00', 'Europe/Berlin')).toEqual(new Date('2026-10-25T02:30:00Z'));
  expect(localDays(new Date('2026-10-24T21:59:00Z'), new Date('2026-10-26T00:00:00Z'), 'Europe/Berlin')).toEqual([
    '2026-10-24',
    '2026-10-25',
    '2026-10-26',
  ]);
});

const at = (seconds: number): Date => later(NOON, seconds * 1_000);

test('an opening that another request of ours can account for is no evidence', () => {
  expect(isUnaccountedFor([], [])).toBe(false);
  expect(isUnaccountedFor([at(5)], [])).toBe(true);
  expect(isUnaccountedFor([at(5)], [{ from: at(4), until: at(6) }])).toBe(false);
  expect(isUnaccountedFor([at(5)], [{ from: at(4), until: null }])).toBe(false);
  expect(isUnaccountedFor([at(5)], [{ from: at(9), until: null }])).toBe(true);
  expect(isUnaccountedFor([at(5)], [{ from: at(0), until: at(1) }])).toBe(true);
});

test('another request accounts for one opening, not for two', () => {
  expect(isUnaccountedFor([at(5), at(5)], [{ from: at(4), until: null }])).toBe(true);
});

/** As the house may live: opens of one flat at one door, each of which opens once or not at all. */
const opens = fc.array(
  fc.record({
    sentS: fc.integer({ min: 0, max: 40 }),
    tookS: fc.integer({ min: 0, max: 12 }),
    opened: fc.boolean(),
    answered: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

test('whatever is lost, an open that did nothing is never said to have opened', () => {
  fc.assert(
    fc.property(opens, (lived) => {
      const entries = lived.flatMap(({ sentS, tookS, opened }) => (opened ? [at(sentS + tookS)] : []));
      for (const [index, { sentS, opened }] of lived.entries()) {
        if (opened) continue;
        const openings = entries.filter((entry) => entry >= at(sentS - 1));
        const others = lived.flatMap((other, place) => {
          if (place === index || (other.answered && !other.opened)) return [];
          return { from: at(other.sentS), until: other.answered ? at(other.sentS + other.tookS) : null };
        });
        expect(isUnaccountedFor(openings, others)).toBe(false);
      }
    }),
    { numRuns: 10_000 },
  );
});

test('a lost open that was alone at its door is always found', () => {
  fc.assert(
    fc.property(opens, (lived) => {
      const apart = lived.map((open, index) => ({ ...open, sentS: open.sentS + index * 100 }));
      const entries = apart.flatMap(({ sentS, tookS, opened }) => (opened ? [at(sentS + tookS)] : []));
      const [lost] = apart;
      if (!lost?.opened) return;
      const others = apart.slice(1).map(({ sentS, tookS }) => ({ from: at(sentS), until: at(sentS + tookS) }));
      expect(isUnaccountedFor(entries, others)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
