import { expect, test } from '@jest/globals';
import {
  CONTRACT_BROKEN,
  conditionOf,
  faultOf,
  heldBack,
  networkFault,
  outcomeOf,
  PlatformFault,
  parseRetryAfter,
} from './faults.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const MOMENTARY = { repeatable: true, next: 'ask' } as const;
const AT_MOST_ONCE = { repeatable: false, next: 'nothing' } as const;

const REFUSED = { effect: 'none', transient: false, code: 'REFUSED_BY_PLATFORM' };
const NOT_NOW = { effect: 'none', transient: true, code: 'PLATFORM_UNAVAILABLE' };
const NOBODY_KNOWS = { effect: 'possible', transient: true, code: 'PLATFORM_UNAVAILABLE' };

/** Every problem type of the contract (§5.5). */
const PROBLEMS: readonly (readonly [number, string, object])[] = [
  [400, 'invalid-request', REFUSED],
  [400, 'idempotency-key-missing', REFUSED],
  [400, 'version-not-supported', REFUSED],
  [401, 'unauthorized', NOT_NOW],
  [401, 'signature-invalid', NOBODY_KNOWS],
  [403, 'insufficient-scope', REFUSED],
  [403, 'consent-required', REFUSED],
  [403, 'consent-withdrawn', REFUSED],
  [404, 'not-found', REFUSED],
  [409, 'access-point-busy', { ...NOT_NOW, code: 'ACCESS_POINT_BUSY' }],
  [409, 'idempotency-in-progress', NOBODY_KNOWS],
  [409, 'state-conflict', REFUSED],
  [410, 'gone', REFUSED],
  [412, 'precondition-failed', REFUSED],
  [413, 'payload-too-large', REFUSED],
  [422, 'idempotency-key-reused', { ...NOBODY_KNOWS, code: 'REFUSED_BY_PLATFORM' }],
  [422, 'plate-invalid', REFUSED],
  [422, 'face-quality', REFUSED],
  [422, 'reading-below-previous', REFUSED],
  [423, 'access-point-locked-down', { ...REFUSED, code: 'ACCESS_POINT_LOCKED_DOWN' }],
  [428, 'precondition-required', REFUSED],
  [429, 'too-many-requests', NOT_NOW],
  [503, 'temporary-reduced-capacity', NOT_NOW],
  [503, 'device-offline', { ...NOT_NOW, code: 'DEVICE_OFFLINE' }],
  [504, 'upstream-timeout', NOBODY_KNOWS],
];
/** What no problem type explains. */
const STATUSES: readonly (readonly [number, undefined, object])[] = [
  ...[400, 403, 404, 409, 410, 412, 413, 415, 422, 423, 428].map((status) => [status, undefined, REFUSED] as const),
  ...[401, 408, 425, 429, 503].map((status) => [status, undefined, NOT_NOW] as const),
  ...[500, 502, 504, 520, 599].map((status) => [status, undefined, NOBODY_KNOWS] as const),
  [501, undefined, { ...REFUSED, code: 'CAPABILITY_MISSING' }],
  [302, undefined, { ...NOBODY_KNOWS, code: 'PLATFORM_CONTRACT_BROKEN' }],
];

test.each([...PROBLEMS, ...STATUSES])(
  '%d %s is judged by whether it can have opened a door',
  (status, problem, expected) => {
    expect(faultOf(status, problem)).toMatchObject(expected);
  },
);

test('a problem type decides whatever its status, and one that nobody knows leaves it to the status', () => {
  for (const [, problem, expected] of PROBLEMS) expect(faultOf(500, problem)).toMatchObject(expected);
  for (const problem of ['brand-new', 'constructor', ''])
    expect(faultOf(429, problem)).toMatchObject({ effect: 'none', transient: true });
});

test('what failed before it left had no effect, and afterwards nobody knows, whatever the network calls it', () => {
  for (const code of ['ENOTFOUND', 'ECONNREFUSED', 'ECONNRESET', 'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED']) {
    const error = Object.assign(new Error(code), { code });
    expect(networkFault(error, 'unsent')).toEqual({ ...NOT_NOW, effect: 'unsent', problem: code });
    expect(networkFault(error, 'possible')).toEqual({ ...NOBODY_KNOWS, problem: code });
  }
});

test('what is held back was not sent, and says when to come back', () => {
  expect(outcomeOf(new PlatformFault(heldBack(2_000)), AT_MOST_ONCE)).toEqual({
    is: 'not-sent',
    code: 'PLATFORM_UNAVAILABLE',
    retryAfterMs: 2_000,
  });
});

test.each([
  [200, undefined, undefined, 'answered'],
  [404, undefined, undefined, 'answered'],
  [409, 'access-point-busy', undefined, 'answered'],
  [501, undefined, undefined, 'answered'],
  [500, undefined, undefined, 'failed'],
  [502, undefined, undefined, 'failed'],
  [504, 'upstream-timeout', undefined, 'failed'],
  [503, undefined, undefined, 'failed'],
  [503, 'temporary-reduced-capacity', 7_000, { pauseMs: 7_000 }],
  [503, 'device-offline', 1_000, 'answered'],
  [429, 'too-many-requests', 7_000, { pauseMs: 7_000 }],
  [429, undefined, undefined, { pauseMs: 0 }],
])('%d %s with Retry-After %s says of the platform: %j', (status, problem, retryAfterMs, expected) => {
  expect(conditionOf(status, problem, retryAfterMs)).toEqual(expected);
});

test.each([
  ['7', 7_000],
  [' 0 ', 0],
  ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['Sunday, 01-Mar-26 12:00:30 GMT', 30_000],
  ['Sun Mar  1 12:00:30 2026', 30_000],
  ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ['604800', 60 * 60_000],
  ['99999999999999999999', 60 * 60_000],
  ['Mon, 02 Mar 2026 12:00:00 GMT', 60 * 60_000],
  ['soon', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After %j is %s ms: seconds or a date, an hour at most, and nonsense is no advice', (value, expected) => {
  expect(parseRetryAfter(value, NOW)).toBe(expected);
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
