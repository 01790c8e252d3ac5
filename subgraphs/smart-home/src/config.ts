/** What a process of this service is told from outside; embedded, the house passes the same things as arguments. */
import {
  type Environment,
  fileContent,
  parseConfig,
  port,
  privateKey,
  publicKey,
  rootKey,
  secret,
  url,
} from '@house/kernel/config';
import { lameDuckMs } from '@house/kernel/lifecycle';
import { LOG_LEVELS } from '@house/kernel/telemetry';
import { z } from 'zod';

/** @throws ConfigError that names every problem. */
export const readConfig = (environment: Environment) =>
  parseConfig(environment, {
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
    OWNERS_URL: url(),
    GATEWAY_PUBLIC_KEY: publicKey(),
    /** Signs on whose behalf we ask the owners. */
    SMART_HOME_PRIVATE_KEY: privateKey(),
    VAULT_KEY: rootKey(),
    PLATFORM_URL: url(),
    /** The authorities that the platform's certificate is checked against; the system's own when left out. */
    PLATFORM_CA: fileContent().optional(),
    PLATFORM_CLIENT_ID: z.string().min(1),
    PLATFORM_CLIENT_KEY: privateKey(),
    PLATFORM_V1_SECRET: secret(),
    PLATFORM_V1_API_KEY: secret(),
    /** Requests to the platform that may be repeats of others, per request; thirty a minute and site may be anyway. */
    PLATFORM_RETRY_SHARE: z.coerce.number('a number from 0 to 10').min(0).max(10).default(0.1),
    /** How much of a world `development` seeds: a handful of people, or two thousand. */
    SEED_WORLD: z.enum(['small', 'large']).default('small'),
    LAME_DUCK_MS: lameDuckMs(environment),
    LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  });
