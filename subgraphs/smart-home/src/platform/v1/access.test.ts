import { later } from '@house/kernel/clock';
import { expect, test } from '@jest/globals';
import { faultOf, heldBack, networkFault, PlatformFault } from '../faults.ts';
import type { OpenOrder } from '../platform.ts';
import { createAccessV1 } from './access.ts';
import type { V1Session } from './session.ts';

const SENT = new Date('2026-03-01T12:00:00.400Z');
const DOOR = { domophoneId: 2301, doorId: 0 };
const signal = new AbortController().signal;

const order = (overrides: Partial<OpenOrder> = {}): OpenOrder => ({
  key: 'op_1',
  unit: { siteId: 23, unitId: 'unit_1', flatId: 7 },
  accessPoint: { v1: DOOR },
  actuation: 'MOMENTARY',
  subjectRef: 'sr_1',
  notAfter: later(SENT, 10_000),
  attempts: 1,
  sentAt: SENT,
  operationRef: null,
  others: async () => [],
  ...overrides,
});

/** A platform of the first version that loses every answer to an open, and its access as we have it. */
const platform = () => {
  let now = SENT;
  let journal: 'readable' | PlatformFault = 'readable';
  const events: { uuid: string; date: string; event: number; domophoneId: number; doorId: number }[] = [];
  const sent: string[] = [];
  const paused: number[] = [];
  const duringPause: (() => void)[] = [];
  const session: V1Session = {
    clock: () => now,
    call: async ({ method, path }) => {
      sent.push(`${method} ${path.split('?')[0]}`);
      if (method === 'POST') throw new PlatformFault(networkFault({ code: 'UND_ERR_ABORTED' }, 'possible'));
      if (path.startsWith('/houses')) return [{ houseId: 23, name: 'B' }];
      if (journal !== 'readable') throw journal;
      return events.length > 0 ? events : undefined;
    },
    health: async () => undefined,
  };
  const access = createAccessV1(session, async (milliseconds) => {
    paused.push(milliseconds);
    for (const happen of duringPause) happen();
  });
  return {
    access,
    sent,
    paused,
    opened: (second: number, door = DOOR) =>
      void events.push({
        uuid: `${events.length}`,
        date: `2026-03-01 15:00:${String(second).padStart(2, '0')}`,
        event: 4,
        ...door,
      }),
    during: (happen: () => void) => void duringPause.push(happen),
    at: (milliseconds: number) => {
      now = later(SENT, milliseconds);
    },
    journal: (state: typeof journal) => {
      journal = state;
    },
  };
};

test('an open whose answer was lost is asked about, and handed over once, whatever the answers', async () => {
  const { access, sent, at } = platform();
  expect(await access.open(order(), signal)).toEqual({ is: 'ambiguous', next: 'ask' });
  for (const age of [1_000, 8_000, 14_999, 15_000, 60_000]) {
    at(age);
    expect(await access.outcome(order(), signal)).toMatchObject({ is: 'ambiguous' });
  }
  expect(sent.filter((request) => request.startsWith('POST'))).toHaveLength(1);
});

test('the journal tells that it opened', async () => {
  const { access, opened, at } = platform();
  opened(0);
  at(6_000);
  expect(await access.outcome(order(), signal)).toEqual({ is: 'succeeded' });
});

test('what is not in the journal is looked for every two seconds until fifteen have passed, and not more often', async () => {
  const { access, at } = platform();
  const waitAt = async (age: number): Promise<unknown> => {
    at(age);
    return access.outcome(order(), signal);
  };
  expect(await waitAt(6_000)).toEqual({ is: 'ambiguous', next: 'ask', retryAfterMs: 2_000 });
  expect(await waitAt(14_200)).toEqual({ is: 'ambiguous', next: 'ask', retryAfterMs: 800 });
});

test('what is in no journal after fifteen seconds and another look stays unknown for good', async () => {
  const { access, paused, at } = platform();
  at(15_000);
  expect(await access.outcome(order(), signal)).toEqual({ is: 'ambiguous', next: 'nothing' });
  expect(paused).toEqual([1_000]);
});

test('a platform that thaws and opens in the moment of the first look is believed at the second', async () => {
  const { access, opened, during, at } = platform();
  during(() => opened(31));
  at(31_000);
  expect(await access.outcome(order(), signal)).toEqual({ is: 'succeeded' });
});

test('as long as the journal cannot be read nothing is concluded, and the truth is told when it can', async () => {
  const { access, opened, journal, at } = platform();
  at(30_000);
  for (const fault of [networkFault({}, 'possible'), networkFault({}, 'unsent'), faultOf(500)]) {
    journal(new PlatformFault(fault));
    expect(await access.outcome(order(), signal)).toEqual({ is: 'ambiguous', next: 'ask' });
  }
  journal('readable');
  opened(30);
  expect(await access.outcome(order(), signal)).toEqual({ is: 'succeeded' });
});

test('a platform that asked for a pause is not asked before it is over', async () => {
  const { access, journal, at } = platform();
  at(3_000);
  for (const fault of [faultOf(429, undefined, 7_000), heldBack(7_000)]) {
    journal(new PlatformFault(fault));
    expect(await access.outcome(order(), signal)).toEqual({ is: 'ambiguous', next: 'ask', retryAfterMs: 7_000 });
  }
});

test('a second look that cannot be read concludes nothing either', async () => {
  const { access, during, journal, at } = platform();
  during(() => journal(new PlatformFault(faultOf(503))));
  at(15_000);
  expect(await access.outcome(order(), signal)).toEqual({ is: 'ambiguous', next: 'ask' });
});

test('an opening of another door is no evidence', async () => {
  const { access, opened, at } = platform();
  opened(1, { domophoneId: 2301, doorId: 1 });
  opened(2, { domophoneId: 2302, doorId: 0 });
  at(15_000);
  expect(await access.outcome(order(), signal)).toEqual({ is: 'ambiguous', next: 'nothing' });
});

test('of two lost opens and one opening none is said to have opened, of two openings both are', async () => {
  const { access, opened, at } = platform();
  const first = order({ others: async () => [{ from: later(SENT, 3_000), until: null }] });
  const second = order({ sentAt: later(SENT, 3_000), others: async () => [{ from: SENT, until: null }] });
  opened(4);
  at(20_000);
  expect([await access.outcome(first, signal), await access.outcome(second, signal)]).toEqual([
    { is: 'ambiguous', next: 'nothing' },
    { is: 'ambiguous', next: 'nothing' },
  ]);
  opened(4);
  expect([await access.outcome(first, signal), await access.outcome(second, signal)]).toEqual([
    { is: 'succeeded' },
    { is: 'succeeded' },
  ]);
});

test('the opening of a neighbour in time that was answered is not taken for the lost one', async () => {
  const { access, opened, at } = platform();
  const lost = order({ others: async () => [{ from: later(SENT, 3_000), until: later(SENT, 3_600) }] });
  opened(3);
  at(15_000);
  expect(await access.outcome(lost, signal)).toEqual({ is: 'ambiguous', next: 'nothing' });
  opened(0);
  expect(await access.outcome(lost, signal)).toEqual({ is: 'succeeded' });
});

test('what else was sent is asked for after the journal was read, so that nothing in it is missing there', async () => {
  const { access, opened, sent, at } = platform();
  opened(1);
  at(6_000);
  await access.outcome(
    order({
      others: async () => {
        sent.push('others');
        return [];
      },
    }),
    signal,
  );
  expect(sent.at(-1)).toBe('others');
});
