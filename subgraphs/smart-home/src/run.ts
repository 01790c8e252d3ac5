/** The smart-home subgraph and its worker as a process of their own. Embedded, the house composes `createSmartHome` itself. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import { type Environment, readOrExit } from '@house/kernel/config';
import { openDatabase } from '@house/kernel/database';
import { serveHealth } from '@house/kernel/health';
import { createLifecycle, drainOnSignals } from '@house/kernel/lifecycle';
import { createBullDispatcher, createInProcessDispatcher } from '@house/kernel/outbox';
import {
  createPrincipalSigner,
  createPrincipalVerifier,
  watchSigningKey,
  watchVerifyingKeys,
} from '@house/kernel/principal';
import { connectSubgraph, serveSubgraph, watchCredentials, watchInside } from '@house/kernel/subgraph';
import { createTelemetry, type Log } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { type Alterations, createSmartHome, type SmartHome } from './app.ts';
import { readConfig } from './config.ts';
import { watchTrust } from './platform/platform.ts';
import { seedSmartHome } from './seed.ts';

/** Undefined where the platform could not find us: in production without an address that it knows. */
const startEvents = async (
  { receiveEvents }: SmartHome,
  { EVENTS_TLS_CERT: cert, EVENTS_TLS_KEY: key, ...config }: ReturnType<typeof readConfig>,
  { clock, log }: { clock: Clock; log: Log },
) => {
  if (!config.EVENTS_URL && config.NODE_ENV !== 'development') return undefined;
  return receiveEvents({
    host: config.HOST,
    port: config.EVENTS_PORT,
    url: config.EVENTS_URL,
    tls:
      cert && key ? { credentials: watchCredentials({ name: 'events', files: { cert, key }, clock, log }) } : undefined,
    lameDuckMs: config.LAME_DUCK_MS,
  });
};

/** Resolves when it listens; ends the process on SIGTERM. */
export const runSmartHome = async ({
  environment,
  clock,
  alterations,
}: {
  environment: Environment;
  clock: Clock;
  alterations?: Alterations;
}): Promise<void> => {
  const config = readOrExit(() => readConfig(environment));
  const random = (size: number) => randomBytes(size);
  const telemetry = createTelemetry({ service: 'smart-home', level: config.LOG_LEVEL });
  const { log } = telemetry;
  const lifecycle = createLifecycle({ log });
  drainOnSignals({ lifecycle, log, clock, exit: (code) => process.exit(code) });

  const database = await openDatabase({
    url: config.DATABASE_URL,
    onAbsent: (error) => log.warn('waiting-for-database', { error }),
  });
  lifecycle.add({ name: 'database', stop: () => database.close() });

  const health = await serveHealth({ database, host: config.HOST, port: config.HEALTH_PORT });
  lifecycle.add({ name: 'health', retire: () => health.setOpen(false), stop: () => health.close() });

  const credentials = watchInside(config, { clock, log });
  const owners = connectSubgraph({
    name: 'owners',
    url: config.OWNERS_URL,
    sign: createPrincipalSigner({
      key: watchSigningKey({ file: config.SMART_HOME_PRIVATE_KEY, issuer: 'smart-home', clock, log }),
      issuer: 'smart-home',
      clock,
      random,
    }),
    credentials,
  });
  lifecycle.add({ name: 'owners', stop: () => owners.close() });

  const smartHome = await createSmartHome({
    database,
    owners,
    platform: {
      url: config.PLATFORM_URL,
      trust: watchTrust({
        files: {
          ca: config.PLATFORM_CA,
          pins: config.PLATFORM_PINS,
          clientCertificate: config.PLATFORM_CLIENT_CERT,
          clientTlsKey: config.PLATFORM_CLIENT_TLS_KEY,
          clientKey: config.PLATFORM_CLIENT_KEY,
          signingKeys: config.PLATFORM_SIGNING_KEYS,
        },
        clock,
        log,
      }),
      client: {
        id: config.PLATFORM_CLIENT_ID,
        v1Secret: config.PLATFORM_V1_SECRET,
        v1ApiKey: config.PLATFORM_V1_API_KEY,
      },
      retryShare: config.PLATFORM_RETRY_SHARE,
    },
    plateLimits: { perPlate: config.PLATE_BUDGET, perSite: config.SITE_PLATE_BUDGET },
    dispatcher: config.REDIS_URL
      ? createBullDispatcher({ redisUrl: config.REDIS_URL, clock, log })
      : createInProcessDispatcher(),
    vault: createVault({ rootKey: config.VAULT_KEY, random }),
    clock,
    random,
    telemetry,
    ...(alterations && { alterations }),
  });
  if (config.NODE_ENV === 'development') await seedSmartHome(database, config.SEED_WORLD);
  await smartHome.start();
  lifecycle.add({ name: 'delivery', stop: () => smartHome.stop() });

  // After the start of delivery, and so ended before it: what is told hastens what is delivered.
  const events = await startEvents(smartHome, config, { clock, log });
  if (events) lifecycle.add({ name: 'events', stop: () => events.close() });

  const server = await serveSubgraph({
    subgraph: smartHome.subgraph,
    verify: createPrincipalVerifier({
      keys: { gateway: watchVerifyingKeys({ file: config.GATEWAY_PUBLIC_KEY, issuer: 'gateway', clock, log }) },
      audience: 'smart-home',
      clock,
    }),
    inside: credentials && { credentials, services: ['gateway'] },
    host: config.HOST,
    port: config.PORT,
    lameDuckMs: config.LAME_DUCK_MS,
    log,
  });
  lifecycle.add({ name: 'subgraph', stop: () => server.close() });
  health.setOpen(true);
  log.info('listening', { address: server.url });
};
