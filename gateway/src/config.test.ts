import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEVELOPMENT_AUTHORITY, DEVELOPMENT_KEY_MARK, DEVELOPMENT_ROOT_MARK } from '@house/kernel/config';
import { createAuthority } from '@house/kernel/test/authority';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCertificate } from './authenticate/test/certificate.ts';
import { readConfig } from './config.ts';

let directory: string;
const path = (name: string): string => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'gateway-config-'));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  writeFileSync(path('key.pem'), pem);
  writeFileSync(path('development.pem'), `${DEVELOPMENT_KEY_MARK}${pem}`);
  const own = createCertificate('house.example');
  const ours = createAuthority('Ours', new Date());
  const inside = ours.issue('gateway');
  for (const [name, content] of Object.entries({
    'inside-ca': ours.pem,
    inside: inside.cert,
    'inside-key': inside.key,
  }))
    writeFileSync(path(`${name}.pem`), content);
  writeFileSync(path('tls.pem'), own.cert);
  writeFileSync(path('tls-key.pem'), own.key);
  const development = createCertificate(DEVELOPMENT_AUTHORITY);
  writeFileSync(path('development-tls.pem'), own.cert + development.cert);
  mkdirSync(path('registry/0001-app'), { recursive: true });
  writeFileSync(path('registry/0001-app/operations.json'), '{}');
  writeFileSync(path('limits.json'), '{"Mutation.openAccessPoint":{"max":2,"windowMs":1000}}');
  writeFileSync(path('nonce.keys'), `${[32, 32].map((size) => randomBytes(size).toString('base64')).join('\n')}\n`);
  writeFileSync(path('zero.keys'), `${randomBytes(32).toString('base64')}\n${Buffer.alloc(32).toString('base64')}\n`);
  writeFileSync(path('broken.json'), '{"Mutation.openAccessPoint":{"max":0,"windowMs":1000}}');
});
afterAll(() => rmSync(directory, { recursive: true }));

const production = () => ({
  OWNERS_URL: 'https://owners.example/graphql',
  SMART_HOME_URL: 'https://smart-home.example/graphql',
  AUTH_ISSUER: 'https://issuer.example/',
  PUBLIC_URL: 'https://house.example/graphql',
  DATABASE_URL: 'postgres://gateway@database.example/house?sslmode=verify-full',
  GATEWAY_PRIVATE_KEY: path('key.pem'),
  TLS_CERT: path('tls.pem'),
  TLS_KEY: path('tls-key.pem'),
  INSIDE_CA: path('inside-ca.pem'),
  INSIDE_CERT: path('inside.pem'),
  INSIDE_KEY: path('inside-key.pem'),
  DOCUMENTS: path('registry'),
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
    DPOP: 'required',
    TRUSTED_DOCUMENTS: 'required',
  });
  expect(config.LIMITS_FILE).toEqual({ 'Mutation.openAccessPoint': { max: 2, windowMs: 1_000 } });
});

test('development opens introspection, unless it is switched off', () => {
  const development = { ...production(), NODE_ENV: 'development' };
  expect(readConfig(development)).toMatchObject({ isDevelopment: true, introspection: true });
  expect(readConfig({ ...development, INTROSPECTION: 'off' }).introspection).toBe(false);
});

test('production refuses everything that is wrong in one message, also beside what cannot be read', () => {
  const problems = problemsOf({
    GATEWAY_PORT: 'many',
    OWNERS_URL: 'http://owners',
    SMART_HOME_URL: 'http://smart-home',
    AUTH_ISSUER: 'http://127.0.0.1:4002',
    PUBLIC_URL: 'http://house.example/graphql',
    DATABASE_URL: 'postgres://gateway@database.example/house?sslmode=require',
    REDIS_URL: 'redis://cache.example',
    GATEWAY_PRIVATE_KEY: path('development.pem'),
    LIMITS_FILE: path('broken.json'),
    DOCUMENTS: path('nowhere'),
    DPOP: 'optional',
    TRUSTED_DOCUMENTS: 'optional',
    INTROSPECTION: 'on',
    TLS_CERT: path('development-tls.pem'),
    TLS_KEY: path('key.pem'),
    INSIDE_CERT: path('inside.pem'),
  });
  expect(problems.split('\n').toSorted()).toEqual([
    '  AUTH_ISSUER: https in production',
    '  AUTH_ISSUER: not on this machine in production: what runs here is for development',
    '  DATABASE_URL: with sslmode=verify-full in production, or by a socket of this machine',
    expect.stringMatching(/^ {2}DOCUMENTS: a registry of documents: ENOENT/),
    '  DPOP: required in production',
    '  GATEWAY_PORT: a port number from 0 to 65535',
    '  GATEWAY_PRIVATE_KEY: not one that was made for development',
    '  INSIDE_CA: needed: our services know one another by certificates',
    '  INSIDE_KEY: needed: our services know one another by certificates',
    '  INTROSPECTION: off in production',
    '  LIMITS_FILE: The limit policies cannot be used:',
    '  Mutation.openAccessPoint.max: Too small: expected number to be >=1',
    '  OWNERS_URL: https:// with INSIDE_CA, INSIDE_CERT, INSIDE_KEY',
    '  PUBLIC_URL: needed in production, https: otherwise a proof for another server could be used here',
    '  REDIS_URL: rediss:// in production',
    '  SMART_HOME_URL: https:// with INSIDE_CA, INSIDE_CERT, INSIDE_KEY',
    '  TLS_CERT: a certificate in PEM for the key of TLS_KEY',
    '  TLS_CERT: not one that was made for development',
    '  TRUSTED_DOCUMENTS: required in production',
    'ConfigError: The configuration cannot be used:',
  ]);
});

test('production refuses to start with nothing, and names what is missing', () => {
  const problems = problemsOf({});
  const needed = [
    ...['OWNERS_URL', 'SMART_HOME_URL', 'AUTH_ISSUER', 'PUBLIC_URL', 'DATABASE_URL'],
    ...['GATEWAY_PRIVATE_KEY', 'TLS_CERT', 'TLS_KEY', 'INSIDE_CA', 'INSIDE_CERT', 'INSIDE_KEY'],
  ];
  for (const name of needed) expect(problems).toContain(`  ${name}: `);
});

test('development starts with what production refuses', () => {
  const environment = {
    ...production(),
    NODE_ENV: 'development',
    OWNERS_URL: 'http://127.0.0.1:4010/graphql',
    SMART_HOME_URL: 'http://127.0.0.1:4020/graphql',
    ...{ INSIDE_CA: '', INSIDE_CERT: '', INSIDE_KEY: '' },
    DATABASE_URL: 'postgres://127.0.0.1/house',
    GATEWAY_PRIVATE_KEY: path('development.pem'),
  };
  for (const TRUSTED_DOCUMENTS of ['off', 'optional', 'required'] as const)
    expect(readConfig({ ...environment, TRUSTED_DOCUMENTS }).TRUSTED_DOCUMENTS).toBe(TRUSTED_DOCUMENTS);
  expect(readConfig(environment).TRUSTED_DOCUMENTS).toBe('off');
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

describe('proofs of possession', () => {
  test('are optional in development unless it says otherwise', () => {
    const development = { ...production(), NODE_ENV: 'development' };
    expect(readConfig(development).DPOP).toBe('optional');
    for (const DPOP of ['off', 'optional', 'required'] as const)
      expect(readConfig({ ...development, DPOP }).DPOP).toBe(DPOP);
  });

  test.each(['off', 'optional'])('production refuses `%s`', (DPOP) =>
    expect(problemsOf({ ...production(), DPOP })).toContain('  DPOP: required in production'),
  );

  test('production has to know its own addresses, and none without TLS', () => {
    const { PUBLIC_URL: _none, ...environment } = production();
    const http = 'https://house.example/graphql,http://house.example/graphql';
    for (const variables of [environment, { ...environment, PUBLIC_URL: http }])
      expect(problemsOf(variables)).toContain('  PUBLIC_URL: needed in production, https');
  });

  test('several addresses are taken, each in the form that proofs are compared in', () => {
    const PUBLIC_URL = 'HTTPS://House.Example:443/graphql?x=1, https://house.example:8443/api/%67raphql';
    expect(readConfig({ ...production(), PUBLIC_URL }).PUBLIC_URL).toEqual([
      'https://house.example/graphql',
      'https://house.example:8443/api/graphql',
    ]);
  });

  test('nonces are made with a set of keys in a file', () => {
    const DPOP_NONCE_KEY = path('nonce.keys');
    expect(readConfig({ ...production(), DPOP_NONCE_KEY }).DPOP_NONCE_KEY).toBe(DPOP_NONCE_KEY);
    for (const wrong of [path('key.pem'), path('no-such-file')])
      expect(problemsOf({ ...production(), DPOP_NONCE_KEY: wrong })).toContain(
        '  DPOP_NONCE_KEY: a readable file with 32 bytes in base64 on each line',
      );
    expect(problemsOf({ ...production(), DPOP_NONCE_KEY: path('zero.keys') })).toContain('  DPOP_NONCE_KEY: ');
  });
});

describe('the peppers of API keys', () => {
  const write = (name: string, ...lines: Uint8Array[]): string => {
    writeFileSync(path(name), lines.map((bytes) => Buffer.from(bytes).toString('base64')).join('\n'));
    return path(name);
  };
  const whatProductionSays = (file: string): string => problemsOf({ ...production(), API_KEY_PEPPER: file });

  test('may be left out: then no key is taken', () => {
    expect(readConfig(production()).API_KEY_PEPPER).toBeUndefined();
  });

  test('are a set in a file', () => {
    const file = write('peppers.keys', randomBytes(32), randomBytes(32));
    expect(readConfig({ ...production(), API_KEY_PEPPER: file }).API_KEY_PEPPER).toBe(file);
    for (const wrong of [path('key.pem'), path('no-such-file'), write('short.keys', randomBytes(31))])
      expect(whatProductionSays(wrong)).toContain(
        '  API_KEY_PEPPER: a readable file with 32 bytes in base64 on each line',
      );
  });

  test('of development and guessable ones are refused in production, on whichever line', () => {
    const made = Buffer.concat([randomBytes(32 - DEVELOPMENT_ROOT_MARK.length), Buffer.from(DEVELOPMENT_ROOT_MARK)]);
    expect(whatProductionSays(write('made.keys', randomBytes(32), made))).toContain(
      '  API_KEY_PEPPER: not one that was made for development',
    );
    expect(whatProductionSays(write('plain.keys', Buffer.alloc(32, 7)))).toContain('  API_KEY_PEPPER: 32 random bytes');
    const file = path('made.keys');
    expect(readConfig({ ...production(), NODE_ENV: 'development', API_KEY_PEPPER: file }).API_KEY_PEPPER).toBe(file);
  });
});
