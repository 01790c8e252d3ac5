/** The smart-home subgraph and its worker as a process of their own. Embedded, the house composes `createSmartHome` itself. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import type { Environment } from '@house/kernel/config';
import { openDatabase } from '@house/kernel/database';
import { serveHealth } from '@house/kernel/health';
import { createLifecycle, drainOnSignals } from '@house/kernel/lifecycle';
import { createBullDispatcher, createInProcessDispatcher } from '@house/kernel/outbox';
import { createPrincipalSigner, createPrincipalVerifier } from '@house/kernel/principal';
import { connectSubgraph, serveSubgraph } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { type Alterations, createSmartHome } from './app.ts';
import { readConfig } from './config.ts';
import { seedSmartHome } from './seed.ts';

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
  const config = readConfig(environment);
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

  const owners = connectSubgraph({
    name: 'owners',
    url: config.OWNERS_URL,
    sign: createPrincipalSigner({ key: config.SMART_HOME_PRIVATE_KEY, issuer: 'smart-home', clock }),
  });
  lifecycle.add({ name: 'owners', stop: () => owners.close() });

  const smartHome = await createSmartHome({
    database,
    owners,
    platform: {
      url: config.PLATFORM_URL,
      caPem: config.PLATFORM_CA,
      client: {
        id: config.PLATFORM_CLIENT_ID,
        key: config.PLATFORM_CLIENT_KEY,
        v1Secret: config.PLATFORM_V1_SECRET,
        v1ApiKey: config.PLATFORM_V1_API_KEY,
      },
      retryShare: config.PLATFORM_RETRY_SHARE,
    },
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

  const server = await serveSubgraph({
    subgraph: smartHome.subgraph,
    verify: createPrincipalVerifier({ keys: { gateway: config.GATEWAY_PUBLIC_KEY }, audience: 'smart-home', clock }),
    host: config.HOST,
    port: config.PORT,
    lameDuckMs: config.LAME_DUCK_MS,
    log,
  });
  lifecycle.add({ name: 'subgraph', stop: () => server.close() });
  health.setOpen(true);
  log.info('listening', { address: server.url });
};
