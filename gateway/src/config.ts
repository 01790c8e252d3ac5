/** What the gateway's own process is told from outside; embedded, the house passes the same things as arguments. */
import { createPrivateKey } from 'node:crypto';
import { ConfigError, type Environment, fileContent, parseConfig, port, url } from '@house/kernel/config';
import { lameDuckMs } from '@house/kernel/lifecycle';
import { LOG_LEVELS } from '@house/kernel/telemetry';
import { z } from 'zod';
import { parseLimits } from './limit/limit.ts';

/** The path of a PEM file with an EC private key; subgraphs know its public half. */
const privateKey = () =>
  fileContent().transform((pem, context) => {
    try {
      return createPrivateKey(pem);
    } catch {
      context.addIssue({ code: 'custom', message: 'a file with a private key in PEM' });
      return z.NEVER;
    }
  });

const limits = () =>
  fileContent().transform((text, context) => {
    try {
      return parseLimits(text);
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: error instanceof Error ? error.message : 'a file with limit policies',
      });
      return z.NEVER;
    }
  });

const shape = {
  NODE_ENV: z.enum(['development', 'production'], 'development or production').default('production'),
  HOST: z.string().default('127.0.0.1'),
  GATEWAY_PORT: port(4000),
  ADMIN_PORT: port(4001),
  /** Read again whenever it changes. */
  SUPERGRAPH_FILE: z.string().default('schema/supergraph.graphql'),
  OWNERS_URL: url(),
  SMART_HOME_URL: url(),
  /** Signs who is asking, for the subgraphs. */
  GATEWAY_PRIVATE_KEY: privateKey(),
  /** Exactly as the issuer writes itself: a final slash counts. */
  AUTH_ISSUER: z.url('an absolute URL'),
  AUTH_AUDIENCE: z.string().default('tenant-smart-home-app'),
  REDIS_URL: z.string().optional(),
  LIMITS_FILE: limits().optional(),
  INTROSPECTION: z.enum(['on', 'off'], 'on or off').optional(),
  /** PEM files of the public address's certificate and its key. */
  TLS_CERT: fileContent().optional(),
  TLS_KEY: fileContent().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, LOG_LEVELS.join(', ')).default('info'),
};

type Parsed = z.output<z.ZodObject<typeof shape>>;

const ADDRESSES = ['AUTH_ISSUER', 'OWNERS_URL', 'SMART_HOME_URL'] as const;

/** Plain HTTP and a readable schema are for development only. */
const reasonsAgainstProduction = (config: Parsed): string[] => [
  ...ADDRESSES.filter((name) => !config[name].startsWith('https:')).map(
    (name) => `  ${name}: must be https in production`,
  ),
  ...(config.TLS_CERT && config.TLS_KEY ? [] : ['  TLS_CERT, TLS_KEY: needed in production']),
  ...(config.INTROSPECTION === 'on' ? ['  INTROSPECTION: off in production'] : []),
];

/** @throws ConfigError that names every problem. */
export const readConfig = (environment: Environment) => {
  const config = parseConfig(environment, { ...shape, LAME_DUCK_MS: lameDuckMs(environment) });
  const isDevelopment = config.NODE_ENV === 'development';
  const reasons = isDevelopment ? [] : reasonsAgainstProduction(config);
  if (reasons.length > 0) throw new ConfigError(`The configuration cannot be used:\n${reasons.join('\n')}`);
  return { ...config, isDevelopment, introspection: isDevelopment && config.INTROSPECTION !== 'off' };
};
