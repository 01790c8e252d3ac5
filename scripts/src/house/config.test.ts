import { expect, test } from '@jest/globals';
import { parseHouseConfig } from './config.ts';

const problemsOf = (environment: Record<string, string>): string => {
  try {
    parseHouseConfig(environment);
    return '';
  } catch (error) {
    return String(error);
  }
};

test('plain HTTP to an issuer is for this machine alone', () => {
  for (const AUTH_ISSUER of [
    'http://127.0.0.1:4002',
    'http://localhost:4002/',
    'http://[::1]:4002',
    'https://id.example',
  ])
    expect(parseHouseConfig({ AUTH_ISSUER })).toMatchObject({ AUTH_ISSUER });
  for (const AUTH_ISSUER of ['http://id.example', 'http://127.0.0.1.example', 'ftp://id.example'])
    expect(problemsOf({ AUTH_ISSUER })).toContain('AUTH_ISSUER: an https URL, or http on this machine');
});

test('a database and a Redis are named by their own kind of address', () => {
  for (const DATABASE_URL of ['postgres://u@db/x', 'postgresql:///x?host=/run/postgresql'])
    expect(parseHouseConfig({ DATABASE_URL })).toMatchObject({ DATABASE_URL });
  for (const REDIS_URL of ['redis://cache:6379/1', 'rediss://cache'])
    expect(parseHouseConfig({ REDIS_URL })).toMatchObject({ REDIS_URL });
  const problems = problemsOf({ DATABASE_URL: 'mysql://db/x', REDIS_URL: 'cache:6379', LIMITS_FILE: '/no/such/file' });
  expect(problems).toContain('DATABASE_URL: postgres://…');
  expect(problems).toContain('REDIS_URL: redis://…');
  expect(problems).toContain('LIMITS_FILE: the path of a readable file');
});

test('proofs of possession are optional unless it says otherwise, and production takes nothing less than all', () => {
  expect(parseHouseConfig({}).DPOP).toBe('optional');
  expect(parseHouseConfig({ DPOP: 'required' }).DPOP).toBe('required');
  expect(problemsOf({ DPOP: 'sometimes' })).toContain('DPOP: off, optional or required');
  expect(problemsOf({ NODE_ENV: 'production' })).toContain('DPOP: required in production');
});
