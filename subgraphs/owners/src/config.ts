/** What a process of this service is told from outside; embedded, the house passes the same things as arguments. */
import { type Environment, parseConfig, port, publicKey, rootKey, url } from '@house/kernel/config';
import { lameDuckMs } from '@house/kernel/lifecycle';
import { LOG_LEVELS } from '@house/kernel/telemetry';
import { z } from 'zod';

/** @throws ConfigError that names every problem. */
export const readConfig = (environment: Environment) =>
  parseConfig(environment, {
    /** Only `development` seeds the world. */
    NODE_ENV: z.enum(['development', 'production']).default('production'),
    DATABASE_URL: url(),
    HOST: z.string().default('127.0.0.1'),
    /** Where our other services ask. */
    PORT: port(4010),
    /** Where the process manager asks: `/livez`, `/readyz`. */
    HEALTH_PORT: port(4011),
    GATEWAY_PUBLIC_KEY: publicKey(),
    SMART_HOME_PUBLIC_KEY: publicKey(),
    VAULT_KEY: rootKey(),
    /** How much of a world `development` seeds: a handful of people, or two thousand. */
    SEED_WORLD: z.enum(['small', 'large']).default('small'),
    LAME_DUCK_MS: lameDuckMs(environment),
    LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  });
