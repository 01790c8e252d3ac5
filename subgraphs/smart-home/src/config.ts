/** What a process of this service is told from outside; embedded, the house passes the same things as arguments. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  type Environment,
  expectElsewhere,
  expectHttps,
  expectNotOfDevelopment,
  expectOwnTls,
  expectRandomRoot,
  expectRedisByTls,
  expectVerifiedPostgres,
  parseConfig,
  port,
  type Reason,
  rootKey,
  secret,
  url,
} from '@house/kernel/config';
import { lameDuckMs } from '@house/kernel/lifecycle';
import { parseSigningKey, parseVerifyingKeys } from '@house/kernel/principal';
import { insideVariables, reasonsAgainstInside } from '@house/kernel/subgraph';
import { LOG_LEVELS } from '@house/kernel/telemetry';
import { watchedFile } from '@house/kernel/watched-files';
import { z } from 'zod';
import { EVENTS_PATH, parseClientKey, parsePins, parseSigningKeys } from './platform/platform.ts';

const certificate = () => watchedFile((pem) => new X509Certificate(pem), 'a file with a certificate in PEM');

/** What of keys and certificates production takes only of its own. */
const PEM_FILES = [
  'GATEWAY_PUBLIC_KEY',
  'SMART_HOME_PRIVATE_KEY',
  'PLATFORM_CA',
  'PLATFORM_CLIENT_CERT',
  'PLATFORM_CLIENT_TLS_KEY',
  'PLATFORM_CLIENT_KEY',
] as const;

const EVENTS_TLS = ['EVENTS_TLS_CERT', 'EVENTS_TLS_KEY'] as const;

/** Without both, plain HTTP, which is for development. */
const reasonsAgainstEvents = (
  given: Environment,
  address: string | undefined,
  production: boolean,
): readonly Reason[] => {
  if (production && address) return [...expectHttps('EVENTS_URL', address), ...expectOwnTls(EVENTS_TLS, given)];
  const missing = EVENTS_TLS.filter((name) => !given[name]);
  return missing.length === 1 ? missing.map((name) => [name, 'needed: a certificate and its key belong together']) : [];
};

/** @throws ConfigError that names every problem. */
export const readConfig = (environment: Environment) =>
  parseConfig(
    environment,
    {
      /** Only `development` seeds the world. */
      NODE_ENV: z.enum(['development', 'production']).default('production'),
      DATABASE_URL: url(),
      /** Shares delivery among workers; in this process when left out. */
      REDIS_URL: z.string().optional(),
      HOST: z.string().default('127.0.0.1'),
      /** Where the gateway asks. */
      PORT: port(4020),
      /** Where the process manager asks: `/livez`, `/readyz`. */
      HEALTH_PORT: port(4021),
      /** Where the platform tells what has happened. */
      EVENTS_PORT: port(4005),
      /** How the platform finds it; for all processes the same. Left out, production does not listen for events. */
      EVENTS_URL: url()
        .refine((value) => value.endsWith(EVENTS_PATH), `an address that ends in ${EVENTS_PATH}`)
        .optional(),
      /** PEM files of that address's certificate and its key. */
      EVENTS_TLS_CERT: certificate().optional(),
      EVENTS_TLS_KEY: watchedFile(createPrivateKey, 'a file with a private key in PEM').optional(),
      OWNERS_URL: url(),
      ...insideVariables(),
      /** The keys by which it signs on whose behalf it asks: the one in use and, during a rotation, the one to come. */
      GATEWAY_PUBLIC_KEY: watchedFile(parseVerifyingKeys, 'a file with public keys on P-256 in PEM'),
      /** Signs on whose behalf we ask the owners. */
      SMART_HOME_PRIVATE_KEY: watchedFile(parseSigningKey, 'a file with a private key on P-256 in PEM'),
      VAULT_KEY: rootKey(),
      PLATFORM_URL: url().refine((value) => value.startsWith('https:'), 'an https URL'),
      /** The authorities that the platform's certificate is checked against; the system's own when left out. */
      PLATFORM_CA: certificate().optional(),
      /** The keys that the platform may have, whoever vouches for them: the one in use and the one to come. */
      PLATFORM_PINS: watchedFile(parsePins, 'a file with the base64 SHA-256 of a public key on each line'),
      /** By which the platform signs its answers: the one in use and the one to come. */
      PLATFORM_SIGNING_KEYS: watchedFile(parseSigningKeys, 'a file with a JWK Set of P-256 keys, each with a kid'),
      PLATFORM_CLIENT_ID: z.string().min(1),
      /** What we show in TLS, and its key. */
      PLATFORM_CLIENT_CERT: certificate(),
      PLATFORM_CLIENT_TLS_KEY: watchedFile(createPrivateKey, 'a file with a private key in PEM'),
      /** Signs assertions and requests. */
      PLATFORM_CLIENT_KEY: watchedFile(parseClientKey, 'a file with a private key on P-256 in PEM'),
      PLATFORM_V1_SECRET: secret(),
      PLATFORM_V1_API_KEY: secret(),
      /** Requests to the platform that may be repeats of others, per request; thirty a minute and site may be anyway. */
      PLATFORM_RETRY_SHARE: z.coerce.number('a number from 0 to 10').min(0).max(10).default(0.1),
      /** Additions of one plate, and of any at one site, that reach the platform at once within 24 hours; others later. */
      PLATE_BUDGET: z.coerce.number('a whole number from 1').int().min(1).default(5),
      SITE_PLATE_BUDGET: z.coerce.number('a whole number from 1').int().min(1).default(500),
      /** How much of a world `development` seeds: a handful of people, or two thousand. */
      SEED_WORLD: z.enum(['small', 'large']).default('small'),
      LAME_DUCK_MS: lameDuckMs(environment),
      LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
    },
    ({ NODE_ENV, DATABASE_URL, REDIS_URL, VAULT_KEY, PLATFORM_URL, EVENTS_URL }, given) => {
      const production = NODE_ENV !== 'development';
      return [
        ...reasonsAgainstInside(given, { addresses: ['OWNERS_URL'], production }),
        ...reasonsAgainstEvents(given, EVENTS_URL, production),
        ...(production
          ? [
              ...expectVerifiedPostgres('DATABASE_URL', DATABASE_URL),
              ...expectRedisByTls('REDIS_URL', REDIS_URL),
              ...expectRandomRoot('VAULT_KEY', VAULT_KEY),
              ...expectElsewhere('PLATFORM_URL', PLATFORM_URL),
              ...PEM_FILES.flatMap((name) => expectNotOfDevelopment(name, given[name])),
            ]
          : []),
      ];
    },
  );
