/** The owners subgraph as a process of its own. Embedded, the house composes `createOwners` itself. */
import { randomBytes } from 'node:crypto';
import { readOrExit } from '@house/kernel/config';
import { openDatabase } from '@house/kernel/database';
import { serveHealth } from '@house/kernel/health';
import { createLifecycle, drainOnSignals } from '@house/kernel/lifecycle';
import { createPrincipalVerifier, watchVerifyingKeys } from '@house/kernel/principal';
import { requireNode } from '@house/kernel/runtime';
import { serveSubgraph, watchInside } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { createOwners } from './app.ts';
import { readConfig } from './config.ts';

requireNode();
const config = readOrExit(() => readConfig(process.env));
const clock = () => new Date();
const random = (size: number) => randomBytes(size);
const { log } = createTelemetry({ service: 'owners', level: config.LOG_LEVEL });
const lifecycle = createLifecycle({ log });
drainOnSignals({ lifecycle, log, clock, exit: (code) => process.exit(code) });

const database = await openDatabase({
  url: config.DATABASE_URL,
  onAbsent: (error) => log.warn('waiting-for-database', { error }),
});
lifecycle.add({ name: 'database', stop: () => database.close() });

const health = await serveHealth({ database, host: config.HOST, port: config.HEALTH_PORT });
lifecycle.add({ name: 'health', retire: () => health.setOpen(false), stop: () => health.close() });

const vault = createVault({ rootKey: config.VAULT_KEY, random });
const owners = createOwners({ database, clock, random, log, vault });
await owners.migrate();
if (config.NODE_ENV === 'development') await owners.seed(config.SEED_WORLD);

const keysOf = (issuer: string, file: string) => watchVerifyingKeys({ file, issuer, clock, log });
const keys = {
  gateway: keysOf('gateway', config.GATEWAY_PUBLIC_KEY),
  'smart-home': keysOf('smart-home', config.SMART_HOME_PUBLIC_KEY),
};
const credentials = watchInside(config, { clock, log });
const server = await serveSubgraph({
  subgraph: owners.subgraph,
  verify: createPrincipalVerifier({ keys, audience: 'owners', clock }),
  inside: credentials && { credentials, services: Object.keys(keys) },
  host: config.HOST,
  port: config.PORT,
  lameDuckMs: config.LAME_DUCK_MS,
  log,
});
lifecycle.add({ name: 'subgraph', stop: () => server.close() });
health.setOpen(true);
log.info('listening', { address: server.url });
