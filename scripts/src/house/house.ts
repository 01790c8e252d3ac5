/**
 * The whole house in one process: the platform's simulator and the development authorization server where no real ones
 * are named, the database, both subgraphs, the worker and the gateway. The parts start in this order and stop in the
 * reverse, so that whoever is asked outlives whoever asks.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthorizationServer } from '@house/authorization-server/authorization-server';
import { obtainToken } from '@house/authorization-server/obtain-token';
import { watchPeppers } from '@house/gateway/authenticate/api-key-peppers';
import { createApiKeys } from '@house/gateway/authenticate/api-keys';
import { createGateway, migrateGateway } from '@house/gateway/gateway';
import { readLimits } from '@house/gateway/limit/policies';
import type { Clock, Random } from '@house/kernel/clock';
import { openDatabase } from '@house/kernel/database';
import type { Lifecycle } from '@house/kernel/lifecycle';
import { createBullDispatcher, createInProcessDispatcher } from '@house/kernel/outbox';
import type { Telemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { createOwners } from '@house/owners/app';
import { openPlatformIdentity } from '@house/platform-simulator/identity';
import { createPlatformSimulator } from '@house/platform-simulator/platform-simulator';
import { SEED_PEOPLE, seedWorld } from '@house/schema/seed.ts';
import { type Alterations, createSmartHome } from '@house/smart-home/app';
import { type TrustFiles, watchTrust } from '@house/smart-home/platform/platform';
import { seedSmartHome } from '@house/smart-home/seed';
import { createApiKeyCommands } from '../operator/api-keys.ts';
import { createDeadLetterCommands } from '../operator/dead-letters.ts';
import { serveOperator } from '../operator/socket.ts';
import { ensureApiKeyPepper } from './api-key-pepper.ts';
import { type HouseConfig, isLoopback } from './config.ts';
import { type DevelopmentKeys, ensureDevelopmentKeys, platformDirectory } from './keys.ts';

export type HouseDeps = {
  config: HouseConfig;
  lifecycle: Lifecycle;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
  /** The repository's root. */
  root: string;
  /** For the timing measurement, which plants a leak to see that it is caught. */
  alterations?: Alterations | undefined;
};

/** Whom a newcomer is when nobody is named. */
export const FIRST_USER = 'owner-a12';

/** A simulator on this machine answers in a tenth of it. */
const SUBSCRIBED_WITHIN_MS = 2_000;

/** Where everything listens, and which database and dispatcher serve. */
export type House = {
  url: string;
  adminUrl: string;
  issuer: string;
  platformUrl: string;
  /** Absent when a real platform is named. */
  simulatorControlUrl: string | undefined;
  /** Where the platform tells what has happened; absent when it could not find us here. */
  eventsUrl: string | undefined;
  databaseVersion: string;
  dispatcher: 'in-process' | 'bull';
};

type Platform = { url: string; files: TrustFiles; controlUrl?: string };

const startPlatform = async (
  { config, lifecycle, clock, telemetry }: HouseDeps,
  { registeredClients, platformFiles: files }: DevelopmentKeys,
): Promise<Platform> => {
  const directory = platformDirectory(config.DATA_DIR);
  const identity = await openPlatformIdentity({ directory, clock });
  // One elsewhere is vouched for by the system's authorities; what it signs is proven only by a deployed smart-home.
  if (config.PLATFORM_URL && !isLoopback(config.PLATFORM_URL))
    return { url: config.PLATFORM_URL, files: { ...files, ca: undefined, pins: undefined } };
  // A platform on this machine is the simulator in a process of its own, and is trusted by the development authority.
  if (config.PLATFORM_URL) return { url: config.PLATFORM_URL, files };
  const simulator = createPlatformSimulator({
    clock,
    identity,
    clients: { v2: [registeredClients.v2], v1: [registeredClients.v1] },
    deviceLatencyMs: config.SIM_DEVICE_LATENCY_MS,
    world: config.SEED_WORLD,
    log: { error: (event, { reason }) => telemetry.log.error(event, { reason: String(reason) }) },
  });
  const { platformUrl, controlUrl } = await simulator.listen({
    platformPort: config.PLATFORM_PORT,
    controlPort: config.SIM_PORT,
  });
  lifecycle.add({ name: 'platform simulator', stop: () => simulator.close() });
  return { url: platformUrl, files, controlUrl };
};

const startAuthorizationServer = async ({ config, lifecycle, clock }: HouseDeps): Promise<string> => {
  if (config.AUTH_ISSUER) return config.AUTH_ISSUER;
  const server = createAuthorizationServer({
    clock,
    directory: join(config.DATA_DIR, 'authorization-server'),
    audience: config.AUTH_AUDIENCE,
    people: seedWorld(config.SEED_WORLD).people,
  });
  const { issuer } = await server.listen(config.AUTH_PORT);
  lifecycle.add({ name: 'authorization server', stop: () => server.close() });
  return issuer;
};

/** @throws when a part cannot start; the parts that did are in the lifecycle. */
export const startHouse = async (deps: HouseDeps): Promise<House> => {
  const { config, lifecycle, clock, random, telemetry, root } = deps;
  const keys = ensureDevelopmentKeys({ directory: config.DATA_DIR, random });
  const platform = await startPlatform(deps, keys);
  const issuer = await startAuthorizationServer(deps);

  const database = await openDatabase(
    config.DATABASE_URL
      ? { url: config.DATABASE_URL, onAbsent: (error) => telemetry.log.warn('waiting-for-database', { error }) }
      : { directory: join(config.DATA_DIR, 'database') },
  );
  lifecycle.add({ name: 'database', stop: () => database.close() });
  const vault = createVault({ rootKey: keys.vaultRoot, random });

  const owners = createOwners({ database, clock, random, log: telemetry.log, vault });
  await owners.migrate();
  await owners.seed(config.SEED_WORLD);

  const dispatcher = config.REDIS_URL
    ? createBullDispatcher({ redisUrl: config.REDIS_URL, clock, log: telemetry.log })
    : createInProcessDispatcher();
  const smartHome = await createSmartHome({
    database,
    owners: owners.subgraph,
    platform: {
      url: platform.url,
      trust: watchTrust({ files: platform.files, clock, log: telemetry.log }),
      client: keys.platformClient,
    },
    plateLimits: { perPlate: config.PLATE_BUDGET, perSite: config.SITE_PLATE_BUDGET },
    dispatcher,
    vault,
    clock,
    random,
    telemetry,
    ...(deps.alterations && { alterations: deps.alterations }),
  });
  await seedSmartHome(database, config.SEED_WORLD);
  await smartHome.start();
  lifecycle.add({ name: 'smart-home', stop: () => smartHome.stop() });

  await migrateGateway(database);
  const apiKeys = {
    peppers: watchPeppers({ file: ensureApiKeyPepper(config.DATA_DIR, random), clock, log: telemetry.log }),
    environment: 'dev' as const,
  };
  const serveDeadLetters = createDeadLetterCommands({ deadLetters: smartHome.deadLetters, clock });
  const serveApiKeys = createApiKeyCommands(createApiKeys({ apiKeys, database, clock, random, log: telemetry.log }));
  const isFound = !config.PLATFORM_URL || isLoopback(config.PLATFORM_URL);
  const events = isFound ? await smartHome.receiveEvents({ host: '127.0.0.1', port: config.EVENTS_PORT }) : undefined;
  if (events) {
    lifecycle.add({ name: 'events', stop: () => events.close() });
    // A house that says that it is ready asks the platform nothing more by itself; but it waits for no platform that is down.
    await Promise.race([events.begun, delay(SUBSCRIBED_WITHIN_MS, undefined, { ref: false })]);
  }
  const operator = await serveOperator({
    dataDirectory: config.DATA_DIR,
    serve: (request) => (request.command === 'api-key' ? serveApiKeys(request) : serveDeadLetters(request)),
    failed: (error) => telemetry.log.error('operator-command-failed', { error }),
  });
  lifecycle.add({ name: 'operator socket', stop: () => operator.close() });

  const gateway = await createGateway({
    database,
    apiKeys,
    supergraph: { file: join(root, 'schema/supergraph.graphql') },
    subgraphs: { owners: owners.subgraph, 'smart-home': smartHome.subgraph },
    auth: { issuer, audience: config.AUTH_AUDIENCE },
    dpop: { mode: config.DPOP },
    limits: config.LIMITS_FILE ? readLimits(config.LIMITS_FILE) : undefined,
    redisUrl: config.REDIS_URL,
    documents: { mode: config.TRUSTED_DOCUMENTS, directory: join(root, 'schema/registry') },
    introspection: config.INTROSPECTION === 'on',
    development: true,
    explorer:
      config.EXPLORER === 'off' || config.AUTH_ISSUER
        ? undefined
        : {
            mode: config.EXPLORER,
            users: SEED_PEOPLE.map(({ handle }) => handle),
            firstQuery: readFileSync(join(root, 'schema/operations/home-screen.graphql'), 'utf8'),
            token: async (user = FIRST_USER) => (await obtainToken({ issuer, user })).access_token,
          },
    lameDuckMs: config.LAME_DUCK_MS,
    clock,
    random,
    telemetry,
  });
  lifecycle.add({ name: 'gateway', stop: () => gateway.close() });
  const { url, adminUrl } = await gateway.listen({ port: config.GATEWAY_PORT, adminPort: config.ADMIN_PORT });

  return {
    url,
    adminUrl,
    issuer,
    platformUrl: platform.url,
    simulatorControlUrl: platform.controlUrl,
    eventsUrl: events?.url,
    databaseVersion: await database.version(),
    dispatcher: dispatcher.driver,
  };
};
