/** The gateway as a process of its own. Embedded, the house composes `createGateway` itself. */
import { randomBytes } from 'node:crypto';
import { createLifecycle, drainOnSignals } from '@house/kernel/lifecycle';
import { createPrincipalSigner } from '@house/kernel/principal';
import { requireNode } from '@house/kernel/runtime';
import { connectSubgraph } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { readConfig } from './config.ts';
import { createGateway } from './gateway.ts';

requireNode();
const config = readConfig(process.env);
const clock = () => new Date();
const telemetry = createTelemetry({ service: 'gateway', level: config.LOG_LEVEL });
const { log } = telemetry;
const lifecycle = createLifecycle({ log });
drainOnSignals({ lifecycle, log, clock, exit: (code) => process.exit(code) });

const sign = createPrincipalSigner({ key: config.GATEWAY_PRIVATE_KEY, issuer: 'gateway', clock });
const owners = connectSubgraph({ name: 'owners', url: config.OWNERS_URL, sign });
const smartHome = connectSubgraph({ name: 'smart-home', url: config.SMART_HOME_URL, sign });
for (const subgraph of [owners, smartHome]) lifecycle.add({ name: subgraph.name, stop: () => subgraph.close() });

const gateway = await createGateway({
  supergraph: { file: config.SUPERGRAPH_FILE },
  subgraphs: { owners, 'smart-home': smartHome },
  auth: { issuer: config.AUTH_ISSUER, audience: config.AUTH_AUDIENCE },
  limits: config.LIMITS_FILE,
  redisUrl: config.REDIS_URL,
  introspection: config.introspection,
  development: config.isDevelopment,
  tls: config.TLS_CERT && config.TLS_KEY ? { cert: config.TLS_CERT, key: config.TLS_KEY } : undefined,
  lameDuckMs: config.LAME_DUCK_MS,
  clock,
  random: (size) => randomBytes(size),
  telemetry,
});
lifecycle.add({ name: 'gateway', stop: () => gateway.close() });
await gateway.listen({ port: config.GATEWAY_PORT, adminPort: config.ADMIN_PORT, host: config.HOST });
