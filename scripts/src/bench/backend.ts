/**
 * What stands behind both gateways, in a process of its own: simulators, database, subgraphs over HTTP. The subgraphs
 * take every request as the first user's, so that a bare gateway, which signs nothing, can ask them too.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthorizationServer } from '@house/authorization-server/authorization-server';
import { openDatabase } from '@house/kernel/database';
import { createInProcessDispatcher } from '@house/kernel/outbox';
import type { Principal } from '@house/kernel/principal';
import { serveSubgraph } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { createVault } from '@house/kernel/vault';
import { createOwners } from '@house/owners/app';
import { openPlatformIdentity } from '@house/platform-simulator/identity';
import { createPlatformSimulator } from '@house/platform-simulator/platform-simulator';
import { scopesOf } from '@house/schema/roles.ts';
import { createSmartHome } from '@house/smart-home/app';
import { watchTrust } from '@house/smart-home/platform/platform';
import { seedSmartHome } from '@house/smart-home/seed';
import { FIRST_USER } from '../house/house.ts';
import { ensureDevelopmentKeys, platformDirectory } from '../house/keys.ts';
import { serveParent } from './child.ts';

export type Backend = { owners: string; smartHome: string; issuer: string; control: string };

const clock = () => new Date();
const AN_HOUR_MS = 3_600_000;

const startBackend = async (): Promise<Backend & { stop(): Promise<void> }> => {
  const directory = mkdtempSync(join(tmpdir(), 'house-bench-'));
  const telemetry = createTelemetry({ service: 'bench', level: 'error' });
  const keys = ensureDevelopmentKeys({ directory, random: randomBytes });
  const simulator = createPlatformSimulator({
    clock,
    identity: await openPlatformIdentity({ directory: platformDirectory(directory), clock }),
    clients: { v2: [keys.registeredClients.v2], v1: [keys.registeredClients.v1] },
  });
  const platform = await simulator.listen({ platformPort: 0, controlPort: 0 });
  const authorization = createAuthorizationServer({ clock, audience: 'tenant-smart-home-app' });
  const { issuer } = await authorization.listen(0);

  const database = await openDatabase({ directory: 'memory' });
  const vault = createVault({ rootKey: keys.vaultRoot, random: randomBytes });
  const owners = createOwners({ database, clock, random: randomBytes, log: telemetry.log, vault });
  await owners.migrate();
  await owners.seed();
  const smartHome = await createSmartHome({
    database,
    owners: owners.subgraph,
    platform: {
      url: platform.platformUrl,
      trust: watchTrust({ files: keys.platformFiles, clock, log: telemetry.log }),
      client: keys.platformClient,
    },
    dispatcher: createInProcessDispatcher(),
    vault,
    clock,
    random: randomBytes,
    telemetry,
  });
  await seedSmartHome(database);
  await smartHome.start();

  const principal: Principal = {
    subject: FIRST_USER,
    clientId: 'bench',
    roles: ['resident'],
    scopes: [...scopesOf(['resident'])],
    complexes: [],
    tokenId: 'bench',
    expiresAt: new Date(clock().getTime() + AN_HOUR_MS),
  };
  const verify = () => ({ principal, issuer: 'bench', traceId: 'bench' });
  const served = await Promise.all(
    [owners.subgraph, smartHome.subgraph].map((subgraph) =>
      serveSubgraph({ subgraph, verify, port: 0, log: telemetry.log }),
    ),
  );
  const [ownersUrl = '', smartHomeUrl = ''] = served.map(({ url }) => url);
  return {
    owners: ownersUrl,
    smartHome: smartHomeUrl,
    issuer,
    control: platform.controlUrl,
    stop: async () => {
      await Promise.all(served.map(({ close }) => close()));
      await smartHome.stop();
      await database.close();
      await authorization.close();
      await simulator.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

serveParent(startBackend);
