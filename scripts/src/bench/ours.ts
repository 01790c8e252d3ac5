/** Our gateway in a process of its own, over the backend's subgraphs. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createGateway, migrateGateway } from '@house/gateway/gateway';
import { openDatabase } from '@house/kernel/database';
import { createPrincipalSigner, signingKeyOf } from '@house/kernel/principal';
import { connectSubgraph } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import type { Backend } from './backend.ts';
import { serveParent } from './child.ts';

const clock = () => new Date();
/** So high that no round meets it; that it is counted is part of the price. */
const WIDE = { max: 10_000, windowMs: 1_000 };

serveParent(async (argument) => {
  const backend = argument as Backend;
  const key = signingKeyOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  const sign = createPrincipalSigner({ key: () => key, issuer: 'gateway', clock, random: randomBytes });
  const owners = connectSubgraph({ name: 'owners', url: backend.owners, sign });
  const smartHome = connectSubgraph({ name: 'smart-home', url: backend.smartHome, sign });
  const database = await openDatabase({ directory: 'memory' });
  await migrateGateway(database);
  const gateway = await createGateway({
    database,
    supergraph: { file: join(import.meta.dirname, '../../../schema/supergraph.graphql') },
    subgraphs: { owners, 'smart-home': smartHome },
    auth: { issuer: backend.issuer, audience: 'tenant-smart-home-app' },
    limits: { 'Mutation.openAccessPoint': WIDE },
    introspection: false,
    development: false,
    clock,
    random: randomBytes,
    telemetry: createTelemetry({ service: 'gateway', level: 'error' }),
  });
  const { url } = await gateway.listen({ port: 0, adminPort: 0 });
  return {
    url,
    stop: async () => {
      await gateway.close();
      await Promise.all([owners.close(), smartHome.close(), database.close()]);
    },
  };
});
