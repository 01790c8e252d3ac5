/** The gateway as a process of its own. Embedded, the house composes `createGateway` itself. */
import { hkdfSync, randomBytes } from 'node:crypto';
import { readOrExit } from '@house/kernel/config';
import { openDatabase } from '@house/kernel/database';
import { createLifecycle, drainOnSignals } from '@house/kernel/lifecycle';
import { createPrincipalSigner, type SigningKey, watchSigningKey } from '@house/kernel/principal';
import { requireNode } from '@house/kernel/runtime';
import { connectSubgraph, watchCredentials, watchInside } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { watchNonceKeys, watchPeppers } from './authenticate/authenticate.ts';
import { readConfig } from './config.ts';
import { createGateway, migrateGateway } from './gateway.ts';

requireNode();
const config = readOrExit(() => readConfig(process.env));
const clock = () => new Date();
const telemetry = createTelemetry({ service: 'gateway', level: config.LOG_LEVEL });
const { log } = telemetry;
const lifecycle = createLifecycle({ log });
drainOnSignals({ lifecycle, log, clock, exit: (code) => process.exit(code) });

const database = await openDatabase({
  url: config.DATABASE_URL,
  onAbsent: (error) => log.warn('waiting-for-database', { error }),
});
lifecycle.add({ name: 'database', stop: () => database.close() });
await migrateGateway(database);

const random = (size: number) => randomBytes(size);
const signingKey = watchSigningKey({ file: config.GATEWAY_PRIVATE_KEY, issuer: 'gateway', clock, log });
const sign = createPrincipalSigner({ key: signingKey, issuer: 'gateway', clock, random });
const credentials = watchInside(config, { clock, log });
const owners = connectSubgraph({ name: 'owners', url: config.OWNERS_URL, sign, credentials });
const smartHome = connectSubgraph({ name: 'smart-home', url: config.SMART_HOME_URL, sign, credentials });
for (const subgraph of [owners, smartHome]) lifecycle.add({ name: subgraph.name, stop: () => subgraph.close() });

/** Of the key that gateways share already: what one of them made is known to the others. */
const nonceKeyOf = ({ key }: SigningKey): Uint8Array => {
  const secret = key.export({ type: 'pkcs8', format: 'der' });
  return new Uint8Array(hkdfSync('sha256', secret, '', 'dpop-nonce', 32));
};
/** Of that key and of the one before: a nonce of the moment in which it was replaced is still taken. */
const derivedNonceKeys = () => {
  let from = signingKey();
  let derived: readonly [Uint8Array, ...Uint8Array[]] = [nonceKeyOf(from)];
  return () => {
    const key = signingKey();
    if (key !== from) derived = [nonceKeyOf(key), derived[0]];
    from = key;
    return derived;
  };
};
const nonceKeys = config.DPOP_NONCE_KEY
  ? watchNonceKeys({ file: config.DPOP_NONCE_KEY, clock, log })
  : derivedNonceKeys();
const tlsFiles = config.TLS_CERT && config.TLS_KEY && { cert: config.TLS_CERT, key: config.TLS_KEY };

const gateway = await createGateway({
  supergraph: { file: config.SUPERGRAPH_FILE },
  subgraphs: { owners, 'smart-home': smartHome },
  auth: { issuer: config.AUTH_ISSUER, audience: config.AUTH_AUDIENCE },
  dpop: { mode: config.DPOP, publicUrls: config.PUBLIC_URL, nonceKeys },
  apiKeys: config.API_KEY_PEPPER
    ? {
        peppers: watchPeppers({ file: config.API_KEY_PEPPER, clock, log }),
        environment: config.isDevelopment ? 'dev' : 'live',
      }
    : undefined,
  database,
  limits: config.LIMITS_FILE,
  redisUrl: config.REDIS_URL,
  documents: { mode: config.TRUSTED_DOCUMENTS, directory: config.DOCUMENTS },
  introspection: config.introspection,
  development: config.isDevelopment,
  tls: tlsFiles ? { credentials: watchCredentials({ name: 'public', files: tlsFiles, clock, log }) } : undefined,
  lameDuckMs: config.LAME_DUCK_MS,
  clock,
  random,
  telemetry,
});
lifecycle.add({ name: 'gateway', stop: () => gateway.close() });
await gateway.listen({ port: config.GATEWAY_PORT, adminPort: config.ADMIN_PORT, host: config.HOST });
