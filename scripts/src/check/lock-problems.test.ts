import { expect, test } from '@jest/globals';
import { lockProblems } from './lock-problems.ts';

const WHOLE = {
  '': { optionalDependencies: { runtime: '1.0.0' } },
  kernel: {},
  'node_modules/@house/kernel': { resolved: 'kernel', link: true },
  'node_modules/runtime': { integrity: 'sha512-a' },
  'node_modules/tool': {
    integrity: 'sha512-b',
    optionalDependencies: { 'tool-linux': '1.0.0', 'tool-darwin': '1.0.0' },
  },
  'node_modules/tool-linux': { integrity: 'sha512-c' },
  'node_modules/tool/node_modules/tool-darwin': { integrity: 'sha512-d' },
  'node_modules/bundler/node_modules/bundled': { inBundle: true },
};

test('a whole lock has no problems', () => {
  expect(lockProblems({ packages: WHOLE })).toEqual([]);
});

test('a platform package that the lock lacks is named, for npm ci would fail with it', () => {
  const { 'node_modules/tool/node_modules/tool-darwin': _, ...packages } = WHOLE;
  expect(lockProblems({ packages })).toEqual([
    'node_modules/tool names tool-darwin for some platform, but the lock does not have it: npm ci fails',
  ]);
});

test('a package that is tied to an address is named', () => {
  const packages = {
    ...WHOLE,
    'node_modules/runtime': { integrity: 'sha512-a', resolved: 'https://packages.example/runtime.tgz' },
  };
  expect(lockProblems({ packages })).toEqual([
    'node_modules/runtime is tied to one address: https://packages.example/runtime.tgz',
  ]);
});

test('a package without integrity is named', () => {
  expect(lockProblems({ packages: { ...WHOLE, 'node_modules/runtime': {} } })).toEqual([
    'node_modules/runtime has no integrity: anything could be installed for it',
  ]);
});
