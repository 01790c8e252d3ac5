import { expect, test } from '@jest/globals';
import { CONTRACT_BROKEN, faultOf, outcomeOf, PlatformFault, parseRetryAfter } from './faults.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const MOMENTARY = { repeatable: true, next: 'ask' } as const;
const AT_MOST_ONCE = { repeatable: false, next: 'nothing' } as const;

test.each([
  [400, undefined, { effect: 'none', transient: false, code: 'REFUSED_BY_PLATFORM' }],
  [403, 'consent-required', { effect: 'none', transient: false, code: 'REFUSED_BY_PLATFORM' }],
  [404, 'not-found', { effect: 'none', transient: false, code: 'REFUSED_BY_PLATFORM' }],
  [408, undefined, { effect: 'none', transient: true, code: 'PLATFORM_UNAVAILABLE' }],
  [409, 'access-point-busy', { effect: 'none', transient: true, code: 'ACCESS_POINT_BUSY' }],
  [409, 'idempotency-in-progress', { effect: 'possible', transient: true, code: 'PLATFORM_UNAVAILABLE' }],
  [422, 'idempotency-key-reused', { effect: 'possible', transient: true, code: 'REFUSED_BY_PLATFORM' }],
  [423, 'access-point-locked-down', { effect: 'none', transient: false, code: 'ACCESS_POINT_LOCKED_DOWN' }],
  [429, 'too-many-requests', { effect: 'none', transient: true, code: 'PLATFORM_UNAVAILABLE' }],
  [500, undefined, { effect: 'possible', transient: true, code: 'PLATFORM_UNAVAILABLE' }],
  [501, undefined, { effect: 'none', transient: false, code: 'CAPABILITY_MISSING' }],
  [502, undefined, { effect: 'possible', transient: true, code: 'PLATFORM_UNAVAILABLE' }],
  [503, 'temporary-reduced-capacity', { effect: 'none', transient: true, code: 'PLATFORM_UNAVAILABLE' }],
  [503, 'device-offline', { effect: 'none', transient: true, code: 'DEVICE_OFFLINE' }],
  [504, 'upstream-timeout', { effect: 'possible', transient: true, code: 'PLATFORM_UNAVAILABLE' }],
])('%d %s is judged by whether it can have opened a door', (status, problem, expected) => {
  expect(faultOf(status, problem)).toMatchObject(expected);
});

test('Retry-After is read in seconds and as a date, and nonsense is no advice', () => {
  expect(parseRetryAfter('7', NOW)).toBe(7_000);
  expect(parseRetryAfter('Sun, 01 Mar 2026 12:00:30 GMT', NOW)).toBe(30_000);
  expect(parseRetryAfter('Sun, 01 Mar 2026 11:00:00 GMT', NOW)).toBe(0);
  expect(parseRetryAfter('soon', NOW)).toBeUndefined();
  expect(parseRetryAfter(undefined, NOW)).toBeUndefined();
});

test('a lost answer is asked about where there is a key, and left unknown where there is none', () => {
  const lost = new PlatformFault(CONTRACT_BROKEN);
  expect(outcomeOf(lost, MOMENTARY)).toEqual({ is: 'ambiguous', next: 'ask' });
  expect(outcomeOf(lost, AT_MOST_ONCE)).toEqual({ is: 'ambiguous', next: 'nothing' });
});

test('a busy platform is tried again only where that is safe', () => {
  const busy = new PlatformFault(faultOf(429, undefined, 3_000));
  expect(outcomeOf(busy, MOMENTARY)).toEqual({
    is: 'not-taken',
    code: 'PLATFORM_UNAVAILABLE',
    repeatable: true,
    retryAfterMs: 3_000,
  });
  expect(outcomeOf(busy, AT_MOST_ONCE)).toMatchObject({ is: 'not-taken', repeatable: false });
});

test('an error of our own is not taken for an answer of the platform', () => {
  expect(() => outcomeOf(new TypeError('our bug'), MOMENTARY)).toThrow('our bug');
});
