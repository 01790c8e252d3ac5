import { beforeEach, expect, test } from '@jest/globals';
import { createGuard, type Guard } from './guard.ts';

const SITE = 17;
let now: number;
let guard: Guard;
beforeEach(() => {
  now = Date.parse('2026-03-01T12:00:00Z');
  guard = createGuard({ clock: () => new Date(now) });
});

const request = (result: 'answered' | 'failed', { repeat = false } = {}): number | undefined => {
  const wait = guard.holdsBack(SITE, { repeat });
  if (wait === undefined) guard.report(SITE, result);
  return wait;
};
const breakIt = (): void => {
  for (let index = 0; index < 20; index += 1) request('failed');
};

test('nineteen failures are not yet an outage, twenty are', () => {
  for (let index = 0; index < 19; index += 1) request('failed');
  expect(guard.refuses(SITE)).toBeUndefined();
  request('failed');
  expect(guard.refuses(SITE)).toBeGreaterThan(0);
  expect(request('answered')).toBe(2_000);
});

test('half of the requests must fail, and old failures do not count', () => {
  for (let index = 0; index < 21; index += 1) request('answered');
  for (let index = 0; index < 20; index += 1) request('failed');
  expect(guard.refuses(SITE)).toBeUndefined();
  now += 10_001;
  request('failed');
  expect(guard.refuses(SITE)).toBeUndefined();
});

test('one request in two seconds finds out whether the platform is back, and one answer is enough', () => {
  breakIt();
  now += 2_000;
  expect(request('failed')).toBeUndefined();
  expect(request('failed')).toBe(2_000);
  now += 2_000;
  expect(request('answered')).toBeUndefined();
  expect(guard.refuses(SITE)).toBeUndefined();
  request('failed');
  expect(guard.refuses(SITE)).toBeUndefined();
});

test('one site that is down holds back no other', () => {
  breakIt();
  expect(guard.holdsBack(23, { repeat: false })).toBeUndefined();
  expect(guard.holdsBack('platform', { repeat: false })).toBeUndefined();
});

test('"too many" stops everything to the site for as long as it says, and no shorter word cuts it', () => {
  guard.pause(SITE, 30_000);
  guard.pause(SITE, 1_000);
  expect(request('answered')).toBe(30_000);
  now += 29_999;
  expect(guard.refuses(SITE)).toBeGreaterThan(0);
  now += 1;
  expect(request('answered')).toBeUndefined();
});

test('"too many" without a time stops it for a second', () => {
  guard.pause(SITE, 0);
  expect(request('answered')).toBe(1_000);
});

test('the longer it says "too many" without a time, the longer it is left alone, until it answers', () => {
  const waits = Array.from({ length: 9 }, () => {
    guard.pause(SITE, 0);
    guard.pause(SITE, 0);
    const wait = guard.refuses(SITE) ?? 0;
    now += wait;
    return wait / 1_000;
  });
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  request('answered');
  guard.pause(SITE, 0);
  expect(guard.refuses(SITE)).toBe(1_000);
});

test('no word of the platform stops us for more than an hour', () => {
  guard.pause(SITE, 7 * 24 * 60 * 60_000);
  expect(guard.refuses(SITE)).toBe(60 * 60_000);
});

test('repeats are a tenth of the requests and thirty, with one each five seconds besides', () => {
  for (let index = 0; index < 100; index += 1) request('answered');
  let repeats = 0;
  while (repeats < 100 && request('answered', { repeat: true }) === undefined) repeats += 1;
  expect(repeats).toBe(40);
  now += 2_000;
  expect(request('answered', { repeat: true })).toBe(3_000);
  now += 3_000;
  expect(request('answered', { repeat: true })).toBeUndefined();
  expect(request('answered', { repeat: true })).toBe(5_000);
  expect(request('answered')).toBeUndefined();
});

test('a share that is set wide holds back no repeat', () => {
  guard = createGuard({ clock: () => new Date(now), retryShare: 10 });
  for (let index = 0; index < 100; index += 1) request('answered');
  for (let index = 0; index < 1_000; index += 1) expect(request('answered', { repeat: true })).toBeUndefined();
});

test('a budget that is spent does not make a site look closed', () => {
  for (let index = 0; index < 100; index += 1) request('answered', { repeat: true });
  expect(guard.refuses(SITE)).toBeUndefined();
});

test('a clock that is set back does not hold anything back for longer', () => {
  breakIt();
  guard.pause(23, 5_000);
  for (let index = 0; index < 10; index += 1) guard.report(31, 'failed');
  now -= 60 * 60_000;
  for (let index = 0; index < 10; index += 1) guard.report(31, 'failed');
  for (const site of [SITE, 23, 31]) expect(guard.refuses(site)).toBeUndefined();
});

test('what changes is told once', () => {
  const told: string[] = [];
  guard = createGuard({
    clock: () => new Date(now),
    watch: {
      opened: (key) => told.push(`opened ${key}`),
      closed: (key) => told.push(`closed ${key}`),
      paused: (key, forMs) => told.push(`paused ${key} ${forMs}`),
      heldBack: (key, because) => told.push(`${because} ${key}`),
    },
  });
  breakIt();
  request('failed');
  now += 2_000;
  request('answered');
  request('answered');
  guard.pause(SITE, 7_000);
  guard.pause(SITE, 7_000);
  request('answered');
  expect(told).toEqual(['opened 17', 'breaker 17', 'closed 17', 'paused 17 7000', 'pause 17']);
});
