import { describe, expect, test } from '@jest/globals';
import { parseLimits } from './policies.ts';
import { fieldPolicyOf } from './policy.ts';
import { DEFAULT_LIMITS } from './shipped-policies.ts';

test('the shipped policies are of the shape that a file has', () => {
  expect(parseLimits(JSON.stringify(DEFAULT_LIMITS))).toEqual(DEFAULT_LIMITS);
});

const DOOR = { per: 'accessPoint', argument: 'input.accessPointId', max: 1, windowMs: 1_000 };
const LOCKOUT = { failures: 3, withinMs: 1_000, firstMs: 1_000, longestMs: 2_000, codes: ['NOT_FOUND'] };

describe('a policy', () => {
  test.each([
    [
      'in the short form is a budget per account',
      { max: 1, windowMs: 1_000, bucket: 'x' },
      { budgets: [{ per: 'actor', max: 1, windowMs: 1_000, bucket: 'x' }], whenUnknown: 'own' },
    ],
    ['that is a list is its budgets', [DOOR], { budgets: [DOOR], whenUnknown: 'own' }],
    [
      'in the long form is as it stands',
      { budgets: [DOOR], whenUnknown: 'refuse', lockout: LOCKOUT },
      { budgets: [DOOR], whenUnknown: 'refuse', lockout: LOCKOUT },
    ],
  ])('%s', (_what, told, meant) => {
    const [policy] = Object.values(parseLimits(JSON.stringify({ 'Mutation.a': told })));
    expect(policy && fieldPolicyOf(policy)).toEqual(meant);
  });
});

const bucket = { windowMs: 1_000, bucket: 'x' };

test.each([
  ['a nested field', { 'Premises.vehicles': { max: 1, windowMs: 1_000 } }, 'Premises.vehicles: a root field'],
  ['no limit at all', { 'Mutation.a': { max: 0, windowMs: 1_000 } }, 'Mutation.a.max'],
  ['half a use', { 'Mutation.a': { max: 1.5, windowMs: 1_000 } }, 'Mutation.a.max'],
  ['a window of a week', { 'Mutation.a': { max: 1, windowMs: 604_800_000 } }, 'Mutation.a.windowMs'],
  ['a misspelt word', { 'Mutation.a': { max: 1, windowMS: 1_000 } }, 'Mutation.a'],
  ['a policy that is a number', { 'Mutation.a': 5 }, 'Mutation.a'],
  ['a list of policies', [{ max: 1, windowMs: 1_000 }], 'an object by coordinates'],
  ['no budget', { 'Mutation.a': [] }, 'Mutation.a'],
  ['a target without its argument', { 'Mutation.a': [{ ...DOOR, argument: undefined }] }, 'Mutation.a.0: a target'],
  ['an argument for who asks', { 'Mutation.a': [{ ...DOOR, per: 'actor' }] }, 'Mutation.a.0: a target'],
  ['a plate, whose budget would tell', { 'Mutation.a': [{ ...DOOR, per: 'plate' }] }, 'Mutation.a.0.per: one of actor'],
  ['an argument that is no path', { 'Mutation.a': [{ ...DOOR, argument: 'input[0]' }] }, 'Mutation.a.0.argument'],
  ['a way of not knowing', { 'Mutation.a': { budgets: [DOOR], whenUnknown: 'allow' } }, 'whenUnknown: own or refuse'],
  [
    'a first lock that is longer than the longest',
    { 'Mutation.a': { budgets: [DOOR], lockout: { ...LOCKOUT, firstMs: 3_000 } } },
    'Mutation.a.lockout: the first lock',
  ],
  [
    'two measures in one bucket',
    { 'Mutation.a': { max: 1, ...bucket }, 'Mutation.b': { max: 2, ...bucket } },
    'share a bucket',
  ],
  [
    'a window more in one bucket',
    {
      'Mutation.a': [{ per: 'actor', max: 1, ...bucket }],
      'Mutation.b': [
        { per: 'actor', max: 1, ...bucket },
        { per: 'actor', max: 2, windowMs: 2_000, bucket: 'x' },
      ],
    },
    'share a bucket',
  ],
])('%s is refused with its place', (_what, policies, problem) => {
  expect(() => parseLimits(JSON.stringify(policies))).toThrow(problem);
});
