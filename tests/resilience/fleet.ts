/** Our services as an operator runs them, each a process of its own, on a PostgreSQL and a Redis that nobody else uses. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPorts } from '@house/scripts/deployed/ports';
import { type Services, type ServicesOptions, startServices } from '@house/scripts/deployed/services';
import { createPlatformControl, type PlatformControl } from '../support/platform-control.ts';
import { openServices } from '../support/services.ts';

export type Fleet = Services & { readonly control: PlatformControl };

export const startFleet = async (
  options: Pick<ServicesOptions, 'smartHome' | 'gateways' | 'publicTls' | 'issuer' | 'variables'>,
): Promise<Fleet> => {
  const directory = await mkdtemp(join(tmpdir(), 'fleet-'));
  const servers = await openServices();
  const { DATABASE_URL: databaseUrl = '', REDIS_URL: redisUrl = '' } = servers.variables;
  const ports = createPorts(process.pid);
  const services = await startServices({
    ...{ directory, ports, databaseUrl, redisUrl, world: 'small', logLevel: 'error' },
    ...options,
  });
  return {
    ...services,
    control: createPlatformControl(services.controlUrl),
    stop: async () => {
      await services.stop();
      await servers.release();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
