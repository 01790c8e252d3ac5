import { accessSync } from 'node:fs';
import { ConfigError, type Environment, milliseconds, parseConfig, port, url } from '@house/kernel/config';
import { lameDuckMs } from '@house/kernel/lifecycle';
import { LOG_LEVELS } from '@house/kernel/telemetry';
import { z } from 'zod';

/** By the URL's own host: a name that only begins like this machine's is another machine's. */
export const isLoopback = (address: string): boolean =>
  ['127.0.0.1', 'localhost', '[::1]'].includes(URL.parse(address)?.hostname ?? '');

const isTrustworthy = (address: string): boolean =>
  address.startsWith('https:') || (address.startsWith('http:') && isLoopback(address));

const isReadable = (path: string): boolean => {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
};

/** Everything that `npm start` reads from the environment, with its defaults; the table is in docs/configuration.md. */
export const parseHouseConfig = (environment: Environment) => {
  const config = parseConfig(environment, {
    NODE_ENV: z.enum(['development', 'production'], 'development or production').default('development'),
    DATA_DIR: z.string().default('.data'),
    DATABASE_URL: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'postgres://…')
      .optional(),
    REDIS_URL: z
      .string()
      .regex(/^rediss?:\/\//, 'redis://… or rediss://…')
      .optional(),
    /** Exactly as the issuer writes itself: a final slash counts. */
    AUTH_ISSUER: z
      .url('an absolute URL')
      .refine((value) => isTrustworthy(value), 'an https URL, or http on this machine')
      .optional(),
    AUTH_AUDIENCE: z.string().default('tenant-smart-home-app'),
    PLATFORM_URL: url().optional(),
    GATEWAY_PORT: port(4000),
    ADMIN_PORT: port(4001),
    AUTH_PORT: port(4002),
    PLATFORM_PORT: port(4003),
    SIM_PORT: port(4004),
    INTROSPECTION: z.enum(['on', 'off'], 'on or off').default('on'),
    EXPLORER: z.enum(['auto', 'sandbox', 'graphiql', 'off'], 'auto, sandbox, graphiql or off').default('auto'),
    LIMITS_FILE: z.string().refine(isReadable, 'the path of a readable file').optional(),
    SIM_DEVICE_LATENCY_MS: milliseconds(150),
    SEED_WORLD: z.enum(['small', 'large'], 'small or large').default('small'),
    /** Ctrl-C is not kept waiting: nobody stands in front of this house. */
    LAME_DUCK_MS: lameDuckMs({ NODE_ENV: 'development' }),
    LOG_LEVEL: z.enum(LOG_LEVELS, LOG_LEVELS.join(', ')).default('warn'),
  });
  const refusals = config.NODE_ENV === 'production' ? reasonsAgainstProduction(config) : [];
  if (refusals.length > 0)
    throw new ConfigError(`This house is for development and does not start in production:\n${refusals.join('\n')}`);
  return config;
};

export type HouseConfig = ReturnType<typeof parseHouseConfig>;

/** `npm start` makes its own keys and listens without TLS, so in production it always finds a reason to refuse. */
const reasonsAgainstProduction = (config: {
  AUTH_ISSUER?: string | undefined;
  PLATFORM_URL?: string | undefined;
  DATABASE_URL?: string | undefined;
}): string[] => [
  ...(config.AUTH_ISSUER
    ? []
    : ['  AUTH_ISSUER: the development authorization server must not issue tokens; name the real one']),
  ...(config.AUTH_ISSUER?.startsWith('http:') ? ['  AUTH_ISSUER: must be https'] : []),
  ...(config.PLATFORM_URL ? [] : ['  PLATFORM_URL: the simulator is not a platform; name the real one']),
  ...(config.PLATFORM_URL?.startsWith('http:') ? ['  PLATFORM_URL: must be https'] : []),
  ...(config.DATABASE_URL ? [] : ['  DATABASE_URL: the embedded database is not flushed to disk; name a PostgreSQL']),
  '  the gateway would listen without TLS and with development keys: run gateway, owners and smart-home by their own main.ts behind TLS',
];
