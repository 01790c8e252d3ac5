/** What a process of this service is told from outside; embedded, the house passes the same things as arguments. */
import {
  type Environment,
  expectNotOfDevelopment,
  expectRandomRoot,
  expectVerifiedPostgres,
  parseConfig,
  port,
  rootKey,
  url,
} from '@house/kernel/config';
import { lameDuckMs } from '@house/kernel/lifecycle';
import { parseVerifyingKeys } from '@house/kernel/principal';
import { insideVariables, reasonsAgainstInside } from '@house/kernel/subgraph';
import { LOG_LEVELS } from '@house/kernel/telemetry';
import { watchedFile } from '@house/kernel/watched-files';
import { z } from 'zod';

const publicKeys = () => watchedFile(parseVerifyingKeys, 'a file with public keys on P-256 in PEM');

/** @throws ConfigError that names every problem. */
export const readConfig = (environment: Environment) =>
  parseConfig(
    environment,
    {
      /** Only `development` seeds the world. */
      NODE_ENV: z.enum(['development', 'production']).default('production'),
      DATABASE_URL: url(),
      HOST: z.string().default('127.0.0.1'),
      /** Where our other services ask. */
      PORT: port(4010),
      /** Where the process manager asks: `/livez`, `/readyz`. */
      HEALTH_PORT: port(4011),
      ...insideVariables(),
      /** The keys by which they sign on whose behalf they ask: each the one in use and, during a rotation, the one to come. */
      GATEWAY_PUBLIC_KEY: publicKeys(),
      SMART_HOME_PUBLIC_KEY: publicKeys(),
      VAULT_KEY: rootKey(),
      /** How much of a world `development` seeds: a handful of people, or two thousand. */
      SEED_WORLD: z.enum(['small', 'large']).default('small'),
      LAME_DUCK_MS: lameDuckMs(environment),
      LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
    },
    ({ NODE_ENV, DATABASE_URL, VAULT_KEY }, given) => {
      const production = NODE_ENV !== 'development';
      return [
        ...reasonsAgainstInside(given, { addresses: [], production }),
        ...(production
          ? [
              ...expectVerifiedPostgres('DATABASE_URL', DATABASE_URL),
              ...expectRandomRoot('VAULT_KEY', VAULT_KEY),
              ...expectNotOfDevelopment('GATEWAY_PUBLIC_KEY', given['GATEWAY_PUBLIC_KEY']),
              ...expectNotOfDevelopment('SMART_HOME_PUBLIC_KEY', given['SMART_HOME_PUBLIC_KEY']),
            ]
          : []),
      ];
    },
  );
