/** What production refuses, asked of each process: everything wrong is told in one message, and nothing that is right. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificate } from '@house/gateway/authenticate/test/certificate';
import { readConfig as readGateway } from '@house/gateway/config';
import { type Environment, expectRandomRoot } from '@house/kernel/config';
import { readConfig as readOwners } from '@house/owners/config';
import { openPlatformIdentity } from '@house/platform-simulator/identity';
import { readConfig as readSmartHome } from '@house/smart-home/config';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseHouseConfig } from './config.ts';
import { type DevelopmentKeys, ensureDevelopmentKeys, platformDirectory } from './keys.ts';

const directory = mkdtempSync(join(tmpdir(), 'production-'));
const development = join(directory, 'development');
const file = (name: string, content: string): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
afterAll(() => rmSync(directory, { recursive: true }));

let keys: DevelopmentKeys;
beforeAll(async () => {
  keys = ensureDevelopmentKeys({ directory: development, random: (size) => randomBytes(size) });
  await openPlatformIdentity({ directory: platformDirectory(development), clock: () => new Date() });
});

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PRIVATE_KEY = file('key.pem', String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })));
const PUBLIC_KEY = file('key.pub.pem', String(pair.publicKey.export({ type: 'spki', format: 'pem' })));
const own = createCertificate('house.example');
const CERT = file('cert.pem', own.cert);
const KEY = file('cert-key.pem', own.key);
const { x, y } = pair.publicKey.export({ format: 'jwk' });
const SIGNING_KEYS = file('keys.json', JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', kid: 'one', x, y }] }));
const registry = join(directory, 'registry');
mkdirSync(registry);

const DATABASE_URL = 'postgres://house@database.example/house?sslmode=verify-full';
const INSIDE = { INSIDE_CA: CERT, INSIDE_CERT: CERT, INSIDE_KEY: KEY };
const VAULT_KEY = randomBytes(32).toString('base64');

const RIGHT = {
  gateway: {
    ...INSIDE,
    DATABASE_URL,
    REDIS_URL: 'rediss://cache.example',
    OWNERS_URL: 'https://owners.example/graphql',
    SMART_HOME_URL: 'https://smart-home.example/graphql',
    AUTH_ISSUER: 'https://issuer.example',
    PUBLIC_URL: 'https://house.example/graphql',
    GATEWAY_PRIVATE_KEY: PRIVATE_KEY,
    TLS_CERT: CERT,
    TLS_KEY: KEY,
    DOCUMENTS: registry,
  },
  owners: { ...INSIDE, DATABASE_URL, GATEWAY_PUBLIC_KEY: PUBLIC_KEY, SMART_HOME_PUBLIC_KEY: PUBLIC_KEY, VAULT_KEY },
  'smart-home': {
    ...INSIDE,
    DATABASE_URL,
    REDIS_URL: 'rediss://cache.example',
    OWNERS_URL: 'https://owners.example/graphql',
    GATEWAY_PUBLIC_KEY: PUBLIC_KEY,
    SMART_HOME_PRIVATE_KEY: PRIVATE_KEY,
    VAULT_KEY,
    PLATFORM_URL: 'https://platform.example',
    PLATFORM_PINS: file('pins.txt', `${Buffer.alloc(32).toString('base64')}\n`),
    PLATFORM_SIGNING_KEYS: SIGNING_KEYS,
    PLATFORM_CLIENT_ID: 'house',
    PLATFORM_CLIENT_CERT: CERT,
    PLATFORM_CLIENT_TLS_KEY: KEY,
    PLATFORM_CLIENT_KEY: PRIVATE_KEY,
    PLATFORM_V1_SECRET: 'secret',
    PLATFORM_V1_API_KEY: 'key',
  },
} as const;

type Service = keyof typeof RIGHT;
const SERVICES = ['gateway', 'owners', 'smart-home'] as const;
const READ: Record<Service, (environment: Environment) => unknown> = {
  gateway: readGateway,
  owners: readOwners,
  'smart-home': readSmartHome,
};

/** What is told, by variable. */
const problemsOf = (read: () => unknown): Record<string, string[]> => {
  try {
    read();
    return {};
  } catch (error) {
    const lines = String((error as Error).message).matchAll(/^ {2}(\w+): (.*)$/gm);
    const problems: Record<string, string[]> = {};
    for (const [, variable = '', expected = ''] of lines) (problems[variable] ??= []).push(expected);
    return problems;
  }
};
const told = (service: Service, changes: Environment = {}): Record<string, string[]> =>
  problemsOf(() => READ[service]({ ...RIGHT[service], ...changes }));
const withOnly = (expected: RegExp) => [expect.stringMatching(expected)];

describe.each(SERVICES)('%s', (service) => {
  test('starts where everything is right', () => expect(told(service)).toEqual({}));

  test('names every variable that is missing, at once', () => {
    const optional = ['REDIS_URL', 'DOCUMENTS'];
    const needed = Object.keys(RIGHT[service]).filter((name) => !optional.includes(name));
    expect(Object.keys(problemsOf(() => READ[service]({ DOCUMENTS: registry }))).toSorted()).toEqual(needed.toSorted());
  });

  test.each([
    'postgres://house@database.example/house',
    'postgres://house@database.example/house?sslmode=require',
    'postgres://house@database.example/house?sslmode=no-verify',
    'postgres://house@database.example/house?sslmode=verify-full&sslmode=disable',
    'postgres://house@database.example/house?ssl=true',
    'postgres://house@127.0.0.1/house',
    'postgres://house@database.example/house?host=database.example&host=/run/postgresql',
  ])('takes no PostgreSQL that could be another: %s', (url) =>
    expect(told(service, { DATABASE_URL: url })).toEqual({ DATABASE_URL: withOnly(/verify-full/) }),
  );

  test('takes a PostgreSQL by a socket of its machine', () => {
    for (const url of ['postgresql:///house?host=/run/postgresql', 'postgres://house@%2Frun%2Fpostgresql/house'])
      expect(told(service, { DATABASE_URL: url })).toEqual({});
  });
});

test.each(['gateway', 'smart-home'] as const)('%s sends nothing to a Redis without TLS', (service) =>
  expect(told(service, { REDIS_URL: 'redis://cache.example' })).toEqual({ REDIS_URL: withOnly(/rediss/) }),
);

test.each(['owners', 'smart-home'] as const)('%s takes no root key that can be guessed or was made here', (service) => {
  const roots: Uint8Array[] = [
    Buffer.alloc(32),
    Buffer.alloc(32, 'dev'),
    Buffer.from('a passphrase of thirty-two chars'),
    Buffer.concat([Buffer.from([1, 2, 3, 4]), Buffer.alloc(28)]),
  ];
  for (const root of roots)
    expect(told(service, { VAULT_KEY: Buffer.from(root).toString('base64') })).toEqual({
      VAULT_KEY: withOnly(/random bytes/),
    });
  const made = readFileSync(join(development, 'keys/vault.key'), 'utf8');
  expect(told(service, { VAULT_KEY: made })).toEqual({ VAULT_KEY: withOnly(/made for development/) });
});

test('a root key of chance is never taken for a guessable one', () => {
  const refused = Array.from({ length: 10_000 }, () => expectRandomRoot('VAULT_KEY', randomBytes(32))).flat();
  expect(refused).toEqual([]);
});

test('smart-home refuses every key and certificate that npm start made, and the simulator as platform', () => {
  const { ca, clientCertificate, clientTlsKey, clientKey } = keys.platformFiles;
  expect(
    told('smart-home', {
      PLATFORM_URL: 'https://127.0.0.1:4003',
      PLATFORM_CA: ca,
      PLATFORM_CLIENT_CERT: clientCertificate,
      PLATFORM_CLIENT_TLS_KEY: clientTlsKey,
      PLATFORM_CLIENT_KEY: clientKey,
    }),
  ).toEqual({
    PLATFORM_URL: withOnly(/not on this machine/),
    PLATFORM_CA: withOnly(/made for development/),
    PLATFORM_CLIENT_CERT: withOnly(/made for development/),
    PLATFORM_CLIENT_KEY: withOnly(/made for development/),
  });
  // The same are what development starts with.
  expect(told('smart-home', { NODE_ENV: 'development', PLATFORM_CA: ca, PLATFORM_CLIENT_KEY: clientKey })).toEqual({});
});

test.each([
  'https://127.0.0.1:4002',
  'https://127.8.8.8',
  'https://localhost:4002',
  'https://localhost.',
  'https://house.localhost',
  'https://[::1]:4002',
  'https://[::ffff:127.0.0.1]',
  'https://0.0.0.0',
  'https://2130706433',
  'https://0x7f.1',
])('the authorization server of development is refused as issuer, however it is written: %s', (AUTH_ISSUER) =>
  expect(told('gateway', { AUTH_ISSUER })).toEqual({ AUTH_ISSUER: withOnly(/not on this machine/) }),
);

test('a name that only begins like this machine is another one', () => {
  for (const AUTH_ISSUER of ['https://127.0.0.1.example', 'https://localhost.example', 'https://127.example'])
    expect(told('gateway', { AUTH_ISSUER })).toEqual({});
});

test('the public address shows no certificate of development, nor one of another key', () => {
  const { clientCertificate, clientTlsKey } = keys.platformFiles;
  expect(told('gateway', { TLS_CERT: clientCertificate, TLS_KEY: clientTlsKey })).toEqual({
    TLS_CERT: withOnly(/made for development/),
  });
  expect(told('gateway', { TLS_KEY: PRIVATE_KEY })).toEqual({ TLS_CERT: withOnly(/for the key of TLS_KEY/) });
});

describe('npm start', () => {
  const production = (environment: Environment) =>
    problemsOf(() => parseHouseConfig({ NODE_ENV: 'production', ...environment }));

  test('refuses production whatever it is told, with every reason and every bad variable at once', () => {
    const wrong = {
      AUTH_ISSUER: 'http://127.0.0.1:4002',
      PLATFORM_URL: 'http://127.0.0.1:4003',
      DATABASE_URL: 'postgres://127.0.0.1/house',
      REDIS_URL: 'redis://127.0.0.1',
      GATEWAY_PORT: 'many',
      LOG_LEVEL: 'loud',
    };
    expect(production(wrong)).toEqual({
      GATEWAY_PORT: withOnly(/a port number/),
      LOG_LEVEL: withOnly(/debug/),
      NODE_ENV: withOnly(/listens without TLS and makes development keys/),
      AUTH_ISSUER: [expect.stringMatching(/https/), expect.stringMatching(/not on this machine/)],
      PLATFORM_URL: [expect.stringMatching(/https/), expect.stringMatching(/not on this machine/)],
      DATABASE_URL: withOnly(/verify-full/),
      REDIS_URL: withOnly(/rediss/),
      DPOP: withOnly(/required/),
      TRUSTED_DOCUMENTS: withOnly(/required/),
      INTROSPECTION: withOnly(/off/),
      EXPLORER: withOnly(/off/),
    });
  });

  test('names what is only there for development', () => {
    expect(Object.keys(production({}))).toEqual(
      expect.arrayContaining(['NODE_ENV', 'AUTH_ISSUER', 'PLATFORM_URL', 'DATABASE_URL']),
    );
  });

  test('has a reason left when everything else is right', () => {
    const right = {
      AUTH_ISSUER: 'https://issuer.example',
      PLATFORM_URL: 'https://platform.example',
      DATABASE_URL,
      DPOP: 'required',
      TRUSTED_DOCUMENTS: 'required',
      INTROSPECTION: 'off',
      EXPLORER: 'off',
    };
    expect(Object.keys(production(right))).toEqual(['NODE_ENV']);
  });
});
