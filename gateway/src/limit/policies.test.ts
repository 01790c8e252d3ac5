import { expect, test } from '@jest/globals';
import { DEFAULT_LIMITS, parseLimits } from './policies.ts';

test('the shipped policies are of the shape that a file has', () => {
  expect(parseLimits(JSON.stringify(DEFAULT_LIMITS))).toEqual(DEFAULT_LIMITS);
});

test.each([
  ['a nested field', { 'Premises.vehicles': { max: 1, windowMs: 1_000 } }, 'Premises.vehicles: a root field'],
  ['no limit at all', { 'Mutation.a': { max: 0, windowMs: 1_000 } }, 'Mutation.a.max'],
  ['half a use', { 'Mutation.a': { max: 1.5, windowMs: 1_000 } }, 'Mutation.a.max'],
  ['a window of a week', { 'Mutation.a': { max: 1, windowMs: 604_800_000 } }, 'Mutation.a.windowMs'],
  ['a misspelt word', { 'Mutation.a': { max: 1, windowMS: 1_000 } }, 'Mutation.a'],
  [
    'two measures in one bucket',
    { 'Mutation.a': { max: 1, windowMs: 1_000, bucket: 'x' }, 'Mutation.b': { max: 2, windowMs: 1_000, bucket: 'x' } },
    'share a bucket',
  ],
])('%s is refused with its place', (_what, policies, problem) => {
  expect(() => parseLimits(JSON.stringify(policies))).toThrow(problem);
});
