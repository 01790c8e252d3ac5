import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

let directory: string;
const path = (name: string): string => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'gateway-config-'));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(path('key.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
  writeFileSync(path('limits.json'), '{"Mutation.openAccessPoint":{"max":2,"windowMs":1000}}');
  writeFileSync(path('broken.json'), '{"Mutation.openAccessPoint":{"max":0,"windowMs":1000}}');
});
afterAll(() => rmSync(directory, { recursive: true }));

const production = () => ({
  OWNERS_URL: 'https://owners.example/graphql',
  SMART_HOME_URL: 'https://smart-home.example/graphql',
  AUTH_ISSUER: 'https://issuer.example/',
  GATEWAY_PRIVATE_KEY: path('key.pem'),
  TLS_CERT: path('key.pem'),
  TLS_KEY: path('key.pem'),
});
const problemsOf = (environment: Record<string, string>): string => {
  try {
    readConfig(environment);
    return '';
  } catch (error) {
    return String(error);
  }
};

test('without NODE_ENV it is production: introspection is off and names are not suggested', () => {
  const config = readConfig({ ...production(), LIMITS_FILE: path('limits.json') });
  expect(config).toMatchObject({
    isDevelopment: false,
    introspection: false,
    GATEWAY_PORT: 4000,
    ADMIN_PORT: 4001,
    AUTH_ISSUER: 'https://issuer.example/',
  });
  expect(config.LIMITS_FILE).toEqual({ 'Mutation.openAccessPoint': { max: 2, windowMs: 1_000 } });
});

test('development opens introspection, unless it is switched off', () => {
  const development = { ...production(), NODE_ENV: 'development' };
  expect(readConfig(development)).toMatchObject({ isDevelopment: true, introspection: true });
  expect(readConfig({ ...development, INTROSPECTION: 'off' }).introspection).toBe(false);
});

test('production refuses plain HTTP, no certificate and introspection, all at once', () => {
  const { TLS_CERT: _none, ...environment } = production();
  const problems = problemsOf({
    ...environment,
    INTROSPECTION: 'on',
    AUTH_ISSUER: 'http://127.0.0.1:4002',
    OWNERS_URL: 'http://owners',
  });
  for (const name of ['AUTH_ISSUER', 'OWNERS_URL', 'TLS_CERT', 'INTROSPECTION'])
    expect(problems).toContain(`  ${name}`);
});

test('every bad variable is named with what it should be', () => {
  const problems = problemsOf({
    NODE_ENV: 'staging',
    GATEWAY_PORT: '99999',
    GATEWAY_PRIVATE_KEY: path('limits.json'),
    LIMITS_FILE: path('broken.json'),
    OWNERS_URL: 'owners',
  });
  for (const name of [
    'NODE_ENV',
    'GATEWAY_PORT',
    'GATEWAY_PRIVATE_KEY',
    'LIMITS_FILE',
    'OWNERS_URL',
    'SMART_HOME_URL',
    'AUTH_ISSUER',
  ])
    expect(problems).toContain(`  ${name}: `);
  expect(problems).toContain('Mutation.openAccessPoint.max');
});
