/** What the gateway's own process is told from outside; embedded, the house passes the same things as arguments. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  type Config,
  type Environment,
  expectElsewhere,
  expectHttps,
  expectNotOfDevelopment,
  expectOwnTls,
  expectRandomRoot,
  expectRedisByTls,
  expectVerifiedPostgres,
  fileContent,
  parseConfig,
  port,
  type Reason,
  url,
} from '@house/kernel/config';
import { lameDuckMs } from '@house/kernel/lifecycle';
import { parseSigningKey } from '@house/kernel/principal';
import { insideVariables, reasonsAgainstInside } from '@house/kernel/subgraph';
import { LOG_LEVELS } from '@house/kernel/telemetry';
import { watchedFile } from '@house/kernel/watched-files';
import { z } from 'zod';
import { normalizeTarget, parseKeyLines } from './authenticate/authenticate.ts';
import { parseLimits, readTrustedDocuments } from './limit/limit.ts';

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

/** Addresses with commas between them, as proofs name them. */
const targets = () =>
  z.string().transform((text, context) => {
    const normalized = text.split(',').map((address) => normalizeTarget(address.trim()));
    if (normalized.every((target) => target !== undefined)) return normalized;
    context.addIssue({ code: 'custom', message: 'absolute http or https URLs, with commas between them' });
    return z.NEVER;
  });

/** The path; its content is read again when it changes. */
const keyLines = () => watchedFile(parseKeyLines, 'a readable file with 32 bytes in base64 on each line');

/** The path; its content is read again when it changes. */
const registry = () =>
  z.string().superRefine((directory, context) => {
    try {
      readTrustedDocuments(directory);
    } catch (error) {
      context.addIssue({ code: 'custom', message: `a registry of documents: ${(error as Error).message}` });
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
  ...insideVariables(),
  /** Signs who is asking, for the subgraphs, who know its public half. */
  GATEWAY_PRIVATE_KEY: watchedFile(parseSigningKey, 'a file with a private key on P-256 in PEM'),
  /** Exactly as the issuer writes itself: a final slash counts. */
  AUTH_ISSUER: z.url('an absolute URL'),
  AUTH_AUDIENCE: z.string().default('tenant-smart-home-app'),
  DPOP: z.enum(['off', 'optional', 'required'], 'off, optional or required').optional(),
  /** Derived from GATEWAY_PRIVATE_KEY when left out: gateways that share that one share nonces. */
  DPOP_NONCE_KEY: keyLines().optional(),
  /** What API keys are stored under; no API key is taken when left out. */
  API_KEY_PEPPER: keyLines().optional(),
  /** The addresses of the endpoint that clients know. */
  PUBLIC_URL: targets().optional(),
  /** What must survive every other store: proofs that were used, lockouts, API keys. */
  DATABASE_URL: url(),
  REDIS_URL: z.string().optional(),
  LIMITS_FILE: limits().optional(),
  /** The directory of the registry: what `npm run schema -- publish` wrote. */
  DOCUMENTS: registry().prefault('schema/registry'),
  TRUSTED_DOCUMENTS: z.enum(['off', 'optional', 'required'], 'off, optional or required').optional(),
  INTROSPECTION: z.enum(['on', 'off'], 'on or off').optional(),
  /** PEM files of the public address's certificate and its key. */
  TLS_CERT: watchedFile((pem) => new X509Certificate(pem), 'a file with a certificate in PEM').optional(),
  TLS_KEY: watchedFile(createPrivateKey, 'a file with a private key in PEM').optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, LOG_LEVELS.join(', ')).default('info'),
};

type Shape = typeof shape;

/** Of every line of the file; one that cannot be used has been told of already. */
const reasonsAgainstKeysIn = (variable: string, path: string | undefined): readonly Reason[] => {
  const content = fileContent().safeParse(path);
  if (!content.success) return [];
  try {
    return parseKeyLines(content.data).flatMap((bytes) => expectRandomRoot(variable, bytes));
  } catch {
    return [];
  }
};

/** Each rule can be switched alone in development, so that it can be tested alone. */
const reasonsAgainstProduction = (config: Partial<Config<Shape>>, given: Environment): readonly Reason[] => [
  ...expectHttps('AUTH_ISSUER', config.AUTH_ISSUER),
  ...expectElsewhere('AUTH_ISSUER', config.AUTH_ISSUER),
  ...expectVerifiedPostgres('DATABASE_URL', config.DATABASE_URL),
  ...expectRedisByTls('REDIS_URL', config.REDIS_URL),
  ...expectOwnTls(['TLS_CERT', 'TLS_KEY'], given),
  ...expectNotOfDevelopment('GATEWAY_PRIVATE_KEY', given['GATEWAY_PRIVATE_KEY']),
  ...reasonsAgainstKeysIn('API_KEY_PEPPER', given['API_KEY_PEPPER']),
  ...reasonsAgainstKeysIn('DPOP_NONCE_KEY', given['DPOP_NONCE_KEY']),
  ...(config.PUBLIC_URL?.every((target) => target.startsWith('https:'))
    ? []
    : ([
        ['PUBLIC_URL', 'needed in production, https: otherwise a proof for another server could be used here'],
      ] as const)),
  ...(['DPOP', 'TRUSTED_DOCUMENTS'] as const).flatMap((name): Reason[] =>
    config[name] === 'off' || config[name] === 'optional' ? [[name, 'required in production']] : [],
  ),
  ...(config.INTROSPECTION === 'on' ? ([['INTROSPECTION', 'off in production']] as const) : []),
];

/** @throws ConfigError that names every problem. */
export const readConfig = (environment: Environment) => {
  const config = parseConfig(environment, { ...shape, LAME_DUCK_MS: lameDuckMs(environment) }, (known, given) => {
    const production = known.NODE_ENV !== 'development';
    return [
      ...reasonsAgainstInside(given, { addresses: ['OWNERS_URL', 'SMART_HOME_URL'], production }),
      ...(production ? reasonsAgainstProduction(known, given) : []),
    ];
  });
  const isDevelopment = config.NODE_ENV === 'development';
  return {
    ...config,
    isDevelopment,
    introspection: isDevelopment && config.INTROSPECTION !== 'off',
    DPOP: config.DPOP ?? (isDevelopment ? 'optional' : 'required'),
    TRUSTED_DOCUMENTS: config.TRUSTED_DOCUMENTS ?? (isDevelopment ? 'off' : 'required'),
  };
};
