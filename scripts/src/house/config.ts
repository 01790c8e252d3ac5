import { accessSync } from 'node:fs';
import {
  type Config,
  type Environment,
  expectElsewhere,
  expectHttps,
  expectRedisByTls,
  expectVerifiedPostgres,
  milliseconds,
  parseConfig,
  port,
  type Reason,
  url,
} from '@house/kernel/config';
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

const shape = {
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
  DPOP: z.enum(['off', 'optional', 'required'], 'off, optional or required').default('optional'),
  PLATFORM_URL: url().optional(),
  GATEWAY_PORT: port(4000),
  ADMIN_PORT: port(4001),
  AUTH_PORT: port(4002),
  PLATFORM_PORT: port(4003),
  SIM_PORT: port(4004),
  EVENTS_PORT: port(4005),
  TRUSTED_DOCUMENTS: z.enum(['off', 'optional', 'required'], 'off, optional or required').default('off'),
  INTROSPECTION: z.enum(['on', 'off'], 'on or off').default('on'),
  EXPLORER: z.enum(['auto', 'sandbox', 'graphiql', 'off'], 'auto, sandbox, graphiql or off').default('auto'),
  LIMITS_FILE: z.string().refine(isReadable, 'the path of a readable file').optional(),
  PLATE_BUDGET: z.coerce.number('a whole number from 1').int().min(1).default(5),
  SITE_PLATE_BUDGET: z.coerce.number('a whole number from 1').int().min(1).default(500),
  SIM_DEVICE_LATENCY_MS: milliseconds(150),
  SEED_WORLD: z.enum(['small', 'large'], 'small or large').default('small'),
  /** Ctrl-C is not kept waiting: nobody stands in front of this house. */
  LAME_DUCK_MS: lameDuckMs({ NODE_ENV: 'development' }),
  LOG_LEVEL: z.enum(LOG_LEVELS, LOG_LEVELS.join(', ')).default('warn'),
};

type Known = Partial<Config<typeof shape>>;

/** `npm start` makes its own keys and listens without TLS, so in production it always finds a reason to refuse. */
const reasonsAgainstProduction = (config: Known): readonly Reason[] => [
  [
    'NODE_ENV',
    'npm start is for development: it listens without TLS and makes development keys; run gateway, owners and smart-home by their own main.ts',
  ],
  ...(config.AUTH_ISSUER
    ? [...expectHttps('AUTH_ISSUER', config.AUTH_ISSUER), ...expectElsewhere('AUTH_ISSUER', config.AUTH_ISSUER)]
    : ([['AUTH_ISSUER', 'the development authorization server must not issue tokens; name the real one']] as const)),
  ...(config.PLATFORM_URL
    ? [...expectHttps('PLATFORM_URL', config.PLATFORM_URL), ...expectElsewhere('PLATFORM_URL', config.PLATFORM_URL)]
    : ([['PLATFORM_URL', 'the simulator is not a platform; name the real one']] as const)),
  ...(config.DATABASE_URL
    ? expectVerifiedPostgres('DATABASE_URL', config.DATABASE_URL)
    : ([['DATABASE_URL', 'the embedded database is not flushed to disk; name a PostgreSQL']] as const)),
  ...expectRedisByTls('REDIS_URL', config.REDIS_URL),
  ...(['DPOP', 'TRUSTED_DOCUMENTS'] as const).flatMap((name): Reason[] =>
    config[name] === 'required' ? [] : [[name, 'required in production']],
  ),
  ...(config.INTROSPECTION === 'off' ? [] : ([['INTROSPECTION', 'off in production']] as const)),
  ...(config.EXPLORER === 'off' ? [] : ([['EXPLORER', 'off in production: its page holds a token']] as const)),
];

/** Everything that `npm start` reads from the environment, with its defaults; the table is in docs/configuration.md. */
export const parseHouseConfig = (environment: Environment) =>
  parseConfig(environment, shape, (known) => (known.NODE_ENV === 'production' ? reasonsAgainstProduction(known) : []));

export type HouseConfig = ReturnType<typeof parseHouseConfig>;
