import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { later } from '../clock.ts';
import { type Database, openDatabase } from '../database/database.ts';
import { createTelemetry } from '../telemetry.ts';
import type { Change, CommandState, Dispatcher, Handler, NewCommand, Outcome } from './outbox.ts';
import { createOutboxStore, createRelay, migrateOutbox } from './outbox.ts';
import { LEASE_MS } from './store.ts';

const START = new Date('2026-03-01T12:00:00Z');
let now = START;
const clock = (): Date => now;

let database: Database;
let changes: Change[] = [];
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateOutbox(database);
});
afterAll(() => database.close());
beforeEach(async () => {
  now = START;
  changes = [];
  await database.query('DELETE FROM outbox.commands');
});

const store = () => createOutboxStore({ database, record: async (_, change) => void changes.push(change) });
const statesOf = (id: string): CommandState[] =>
  changes.filter(({ command }) => command.id === id).map(({ state }) => state);

/** Delivers only when the test says so. */
const byHand = (): Dispatcher & { run(): Promise<void>; queue: string[] } => {
  let deliver: (id: string) => Promise<void> = async () => {};
  const queue: string[] = [];
  return {
    driver: 'in-process',
    queue,
    start: async (work) => {
      deliver = work;
    },
    dispatch: ({ id }) => void queue.push(id),
    run: async () => {
      for (const id of queue.splice(0)) await deliver(id);
    },
    stop: async () => {},
  };
};

const put = (command: Partial<NewCommand> & { id: string }) =>
  database.transaction((transaction) =>
    store().put(transaction, {
      kind: 'thing',
      class: 'write',
      orderKey: null,
      body: {},
      createdAt: now,
      notAfter: later(now, 60_000),
      ...command,
    }),
  );

const answering = (...outcomes: Outcome[]): Handler & { sent: string[]; asked: string[] } => {
  const sent: string[] = [];
  const asked: string[] = [];
  const next = (): Outcome => outcomes.shift() ?? { is: 'succeeded' };
  return {
    sent,
    asked,
    permit: async () => null,
    send: async ({ id }) => {
      sent.push(id);
      return next();
    },
    confirm: async ({ id }) => {
      asked.push(id);
      return next();
    },
  };
};

const house = async (handler: Handler) => {
  const dispatcher = byHand();
  const relay = createRelay({
    store: store(),
    dispatcher,
    handlers: { thing: handler },
    clock,
    chance: () => 0.5,
    telemetry: createTelemetry({ service: 'test', level: 'silent' }),
  });
  await relay.start();
  return {
    relay,
    dispatcher,
    turn: async () => {
      await relay.sweep();
      await dispatcher.run();
    },
    [Symbol.asyncDispose]: () => relay.stop(),
  };
};

test('a command is delivered once and its promise is kept in order: accepted, sent, succeeded', async () => {
  const handler = answering({ is: 'succeeded' });
  await using running = await house(handler);
  await put({ id: 'a' });
  await running.turn();
  await running.turn();
  expect(handler.sent).toEqual(['a']);
  expect(statesOf('a')).toEqual(['SENT', 'SUCCEEDED']);
});

test('commands of one order key wait for each other, others do not', async () => {
  const handler = answering({ is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' }, { is: 'succeeded' });
  await using running = await house(handler);
  await put({ id: 'first', orderKey: 'unit' });
  await put({ id: 'second', orderKey: 'unit' });
  await put({ id: 'other', orderKey: 'another unit' });
  await running.turn();
  expect(handler.sent).toEqual(['first', 'other']);
  now = later(now, 31_000);
  await running.turn();
  await running.turn();
  expect(handler.sent).toEqual(['first', 'other', 'first', 'second']);
});

test('a worker that dies after sending leaves a command that is asked about, not sent again', async () => {
  const dead = store();
  await put({ id: 'a', class: 'moment', notAfter: later(now, 10_000) });
  const claimed = await dead.claim('a', now);
  if (!claimed) throw new Error('not claimed');
  await dead.markSent(claimed, now);

  const handler = answering({ is: 'succeeded' });
  await using running = await house(handler);
  await running.turn();
  expect(handler.asked).toEqual([]);
  now = later(now, LEASE_MS);
  await running.turn();
  expect(handler.asked).toEqual(['a']);
  expect(handler.sent).toEqual([]);
});

test('a worker whose lease was taken over changes nothing any more', async () => {
  const slow = store();
  await put({ id: 'a' });
  const claimed = await slow.claim('a', now);
  if (!claimed) throw new Error('not claimed');
  now = later(now, LEASE_MS);
  const handler = answering({ is: 'succeeded' });
  await using running = await house(handler);
  await running.turn();
  expect(await slow.markSent(claimed, now)).toBe(false);
  expect(await slow.settle(claimed, { then: 'finish', state: 'FAILED', code: 'REFUSED_BY_PLATFORM' }, now)).toBe(false);
  expect(statesOf('a').at(-1)).toBe('SUCCEEDED');
});

test('two workers that claim one command do not both get it', async () => {
  await put({ id: 'a' });
  const claims = await Promise.all([store().claim('a', now), store().claim('a', now), store().claim('a', now)]);
  expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
});

test('a command whose deadline has passed is never sent', async () => {
  const handler = answering();
  await using running = await house(handler);
  await put({ id: 'a', class: 'moment', notAfter: later(now, 10_000) });
  now = later(now, 10_000);
  await running.turn();
  expect(handler.sent).toEqual([]);
  expect(statesOf('a')).toEqual(['EXPIRED']);
});

test('a door that was asked for before the clock was set back by an hour is not opened when it is there again', async () => {
  const handler = answering();
  await using running = await house(handler);
  await put({ id: 'a', class: 'moment', notAfter: later(now, 10_000) });
  now = later(START, -3_600_000);
  await running.turn();
  expect(statesOf('a')).toEqual(['EXPIRED']);
  now = later(START, 1_000);
  await running.turn();
  expect(handler.sent).toEqual([]);
});

test('a clock that is set back by an hour keeps no write waiting for an hour, and hurries none', async () => {
  const handler = answering(
    { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' },
    { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE', retryAfterMs: 7_000 },
  );
  await using running = await house(handler);
  await put({ id: 'a', notAfter: later(now, 86_400_000) });
  await running.turn();
  now = later(START, -3_600_000);
  await running.turn();
  await running.turn();
  expect(handler.sent).toEqual(['a', 'a']);
  now = later(now, 7_000);
  await running.turn();
  expect(statesOf('a').at(-1)).toBe('SUCCEEDED');
});

test('what a worker was at that died before the clock was set back by an hour is asked about at once, and not without end', async () => {
  const dead = store();
  await put({ id: 'a', class: 'moment', notAfter: later(now, 10_000) });
  const claimed = await dead.claim('a', now);
  if (!claimed) throw new Error('not claimed');
  await dead.markSent(claimed, now);
  now = later(START, -3_600_000);
  const handler = answering({ is: 'ambiguous', next: 'ask' });
  await using running = await house(handler);
  await running.turn();
  await running.turn();
  expect(handler.asked).toEqual(['a']);
  now = later(now, 60_000);
  await running.turn();
  expect(handler.asked).toEqual(['a', 'a']);
  expect(statesOf('a').at(-1)).toBe('SUCCEEDED');
});

test('who waits for the truth about a door is told that it may have opened, and why nothing more is known', async () => {
  const handler = answering({ is: 'ambiguous', next: 'ask' }, { is: 'ambiguous', next: 'ask' });
  await using running = await house(handler);
  await put({ id: 'a', class: 'moment', notAfter: later(now, 10_000) });
  await running.turn();
  now = later(now, 10_000);
  await running.turn();
  expect(changes.at(-1)).toMatchObject({ state: 'UNKNOWN_OUTCOME', code: 'OUTCOME_UNKNOWN' });
  now = later(now, 5_000);
  await running.turn();
  expect(changes.at(-1)).toMatchObject({ state: 'SUCCEEDED', code: null });
});

test('what is no longer allowed when its turn comes is cancelled before anything is sent', async () => {
  const handler = { ...answering(), permit: async () => 'NO_LONGER_ALLOWED' as const };
  await using running = await house(handler);
  await put({ id: 'a' });
  await running.turn();
  expect(handler.sent).toEqual([]);
  expect(changes).toMatchObject([{ state: 'CANCELLED', code: 'NO_LONGER_ALLOWED' }]);
});

const NO_TRACE = { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true } as const;

test.each<[string, Outcome, CommandState]>([
  ['has taken effect is told so', { is: 'succeeded' }, 'SUCCEEDED'],
  ['left no trace is cancelled', NO_TRACE, 'CANCELLED'],
  ['may still arrive is asked about again', { ...NO_TRACE, mayStillArrive: true }, 'QUEUED'],
  ['nobody can tell about stays unknown', { is: 'ambiguous', next: 'repeat' }, 'UNKNOWN_OUTCOME'],
])('a write that is no longer allowed and %s, after an attempt whose answer was lost', async (_, answer, state) => {
  const handler = answering({ is: 'ambiguous', next: 'repeat' }, answer);
  let isAllowed = true;
  await using running = await house({
    ...handler,
    permit: async () => (isAllowed ? null : 'NO_LONGER_ALLOWED'),
  });
  await put({ id: 'a' });
  await running.turn();
  isAllowed = false;
  now = later(now, 30_000);
  await running.turn();
  expect(statesOf('a').at(-1)).toBe(state);
  expect(handler.sent).toEqual(['a']);
  expect(handler.asked).toEqual(['a']);
});

test('a door is not kept waiting for a whole lease when the right to it could not be asked for once', async () => {
  let asked = 0;
  const handler = {
    ...answering(),
    permit: async () => {
      asked += 1;
      if (asked === 1) throw new Error('nobody answers');
      return null;
    },
  };
  await using running = await house(handler);
  await put({ id: 'a', class: 'moment', notAfter: later(now, 3_000) });
  await running.turn();
  expect(statesOf('a')).toEqual(['QUEUED']);
  now = later(now, 250);
  await running.turn();
  expect(statesOf('a')).toEqual(['QUEUED', 'SENT', 'SUCCEEDED']);
});

test('safety goes first, then doors, then the rest', async () => {
  await put({ id: 'write', class: 'write' });
  await put({ id: 'moment', class: 'moment' });
  await put({ id: 'compliance', class: 'compliance' });
  await put({ id: 'safety', class: 'safety' });
  expect((await store().due(now, 10)).map(({ id }) => id)).toEqual(['safety', 'moment', 'compliance', 'write']);
});

test('who may no longer come in is taken off before two hundred writes that were due earlier', async () => {
  const handler = answering();
  await using running = await house(handler);
  for (let index = 0; index < 200; index += 1) await put({ id: `plate-${index}` });
  now = later(now, 1_000);
  await put({ id: 'revoked', class: 'safety' });
  await running.turn();
  expect(handler.sent[0]).toBe('revoked');
});

test('what safety demands is delivered long after it should have been', async () => {
  const handler = answering({ is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' });
  await using running = await house(handler);
  await put({ id: 'revoked', class: 'safety', notAfter: later(now, 60_000) });
  await running.turn();
  now = later(now, 40 * 86_400_000);
  await running.turn();
  expect(handler.sent).toEqual(['revoked', 'revoked']);
  expect(statesOf('revoked')).toEqual(['SENT', 'QUEUED', 'SENT', 'SUCCEEDED']);
});

test('the end of a command wakes the next of its order, without a sweep', async () => {
  const handler = answering();
  await using running = await house(handler);
  await put({ id: 'first', orderKey: 'unit' });
  await put({ id: 'second', orderKey: 'unit' });
  await put({ id: 'of another order', orderKey: 'other' });
  running.dispatcher.dispatch({ id: 'first', class: 'write', leaseToken: 0 });
  await running.dispatcher.run();
  while (running.dispatcher.queue.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(running.dispatcher.queue).toEqual(['second']);
});

test('the next of an order is not woken while the one before it is under way or waits', async () => {
  await put({ id: 'first', orderKey: 'unit' });
  await put({ id: 'second', orderKey: 'unit' });
  expect(await store().next('unit', now)).toEqual({ id: 'first', class: 'write', leaseToken: 0 });
  const claimed = await store().claim('first', now);
  if (!claimed) throw new Error('not claimed');
  expect(await store().next('unit', now)).toBeUndefined();
  await store().settle(claimed, { then: 'again', phase: 'send', at: later(now, 5_000), state: 'QUEUED' }, now);
  expect(await store().next('unit', now)).toBeUndefined();
});

test('whoever asks what became of a command knows when it was last handed over, also after the death of the one who did', async () => {
  await put({ id: 'a', notAfter: later(now, 86_400_000) });
  const seen: (Date | null)[] = [];
  const handler: Handler = {
    permit: async () => null,
    send: async ({ sentAt }) => {
      seen.push(sentAt);
      return { is: 'not-sent', code: 'PLATFORM_UNAVAILABLE' };
    },
    confirm: async ({ sentAt }) => {
      seen.push(sentAt);
      return { is: 'succeeded' };
    },
  };
  await using running = await house(handler);
  await running.turn();
  now = later(now, 5_000);
  const dead = await store().claim('a', now);
  if (!dead) throw new Error('not claimed');
  await store().markSent(dead, now);
  now = later(now, LEASE_MS);
  await running.turn();
  expect(seen).toEqual([START, later(START, 5_000)]);
});

test('what the receiver made of a command is told in the transaction that finishes it', async () => {
  const handler = answering({ is: 'succeeded', result: { name: 'vp_1' } });
  await using running = await house(handler);
  await put({ id: 'a' });
  await running.turn();
  expect(changes.at(-1)).toMatchObject({ state: 'SUCCEEDED', result: { name: 'vp_1' } });
});

test('a crowd of one class hides no command of another', async () => {
  for (let index = 0; index < 30; index += 1) await put({ id: `door-${index}`, class: 'moment' });
  await put({ id: 'plate', class: 'write' });
  const due = await store().due(now, 10);
  expect(due.map(({ id }) => id)).toContain('plate');
  expect(due.filter(({ class: commandClass }) => commandClass === 'moment')).toHaveLength(10);
});

test('a command that nobody can deliver still expires at its deadline', async () => {
  await using running = await house(answering());
  await put({ id: 'a', kind: 'of another release', class: 'moment', notAfter: later(now, 10_000) });
  await running.turn();
  now = later(now, 10_000);
  await running.turn();
  expect(statesOf('a')).toEqual(['EXPIRED']);
});

test('a question that always breaks is given up after a day, and the next of its order goes', async () => {
  const handler: Handler & { sent: string[] } = {
    ...answering(),
    confirm: async () => {
      throw new Error('our bug');
    },
  };
  await put({ id: 'a', orderKey: 'unit' });
  await put({ id: 'b', orderKey: 'unit', notAfter: later(now, 3 * 86_400_000) });
  const dead = store();
  const claimed = await dead.claim('a', now);
  if (!claimed) throw new Error('not claimed');
  await dead.markSent(claimed, now);
  await using running = await house(handler);
  now = later(now, LEASE_MS);
  await running.turn();
  expect(statesOf('a').at(-1)).toBe('SENT');
  now = later(now, 86_400_000 + 60_001);
  await running.turn();
  expect(changes.at(-1)).toMatchObject({ state: 'UNKNOWN_OUTCOME', code: 'OUTCOME_UNKNOWN' });
  await running.turn();
  expect(handler.sent).toEqual(['b']);
});

test('a handler that breaks leaves the command to be tried again', async () => {
  let calls = 0;
  const handler: Handler = {
    ...answering(),
    send: async () => {
      calls += 1;
      throw new Error('our bug');
    },
    confirm: async () => ({ is: 'succeeded' }),
  };
  await using running = await house(handler);
  await put({ id: 'a' });
  await running.turn();
  expect(statesOf('a')).toEqual(['SENT']);
  now = later(now, LEASE_MS);
  await running.turn();
  expect(calls).toBe(1);
  expect(statesOf('a')).toEqual(['SENT', 'SUCCEEDED']);
});

test('a question is asked at once when it is said that there is an answer, and nothing is sent because of it', async () => {
  const handler = answering({ is: 'pending' }, { is: 'pending' });
  await using running = await house(handler);
  await put({ id: 'a', class: 'moment', notAfter: later(now, 10_000) });
  await running.relay.hasten('a');
  await running.relay.hasten('unknown');
  expect(running.dispatcher.queue).toEqual([]);
  await running.turn();
  now = later(now, 20 * 60_000);
  await running.turn();
  await running.turn();
  expect(handler).toMatchObject({ sent: ['a'], asked: ['a'] });
  await running.relay.hasten('a');
  await running.relay.hasten('a');
  expect(running.dispatcher.queue).toEqual(['a']);
  await running.dispatcher.run();
  expect(handler).toMatchObject({ sent: ['a'], asked: ['a', 'a'] });
  await running.relay.hasten('a');
  expect(running.dispatcher.queue).toEqual([]);
});
