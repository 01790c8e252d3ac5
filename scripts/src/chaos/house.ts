/** The whole house of a run: servers, services, and the residents who know their doors. */
import type { WorldSize } from '@house/schema/platform/world.ts';
import { createPorts } from '../deployed/ports.ts';
import { startServers } from '../deployed/servers.ts';
import { type Services, startServices } from '../deployed/services.ts';
import type { Environment } from '../test/binaries.ts';
import type { Bug } from './bugs.ts';
import type { Chance } from './chance.ts';
import type { Programs } from './killer.ts';
import { type InhabitedFlat, inhabit } from './world.ts';

export type House = {
  readonly services: Services;
  readonly programs: Programs;
  readonly flats: readonly InhabitedFlat[];
  readonly databaseUrl: string;
  readonly redisUrl: string;
};

export type HouseOptions = {
  /** Of this run: logs, keys, states. */
  directory: string;
  world: WorldSize;
  bug: Bug | undefined;
  logLevel: string;
  environment: Environment;
  isRoot: boolean;
  chance: Chance;
  say: (line: string) => void;
};

/**
 * Two workers. With 43 of 100 calls broken on purpose, a house that repeats one call in ten at most would rightly stop
 * trying: that bound is shown elsewhere.
 */
const smartHomeOf = (bug: Bug | undefined, databaseUrl: string) => {
  const environment = { PLATFORM_RETRY_SHARE: '10' };
  if (bug === undefined) return { count: 2, environment };
  // PostgreSQL has this bug ready made: it answers COMMIT before the commit is on the disk.
  if (bug === 'ack-before-commit')
    return {
      count: 2,
      environment: { ...environment, DATABASE_URL: `${databaseUrl}?options=-c%20synchronous_commit%3Doff` },
    };
  return { count: 2, main: 'scripts/src/chaos/buggy-smart-home.ts', environment: { ...environment, CHAOS_BUG: bug } };
};

/** Adds to `stops` what has to be stopped afterwards, as soon as it is started. */
export const startHouse = async (options: HouseOptions, stops: (() => Promise<void>)[]): Promise<House> => {
  const { directory, world, chance } = options;
  const ports = createPorts(process.pid);
  const settings = options.bug === 'ack-before-commit' ? { wal_writer_delay: '10s' } : {};
  const servers = await startServers({ ...options, ports, settings });
  stops.push(servers.stop);
  const { databaseUrl, redisUrl, postgres, redis } = servers;
  const services = await startServices({
    ...{ ...options, directory, ports, databaseUrl, redisUrl },
    smartHome: smartHomeOf(options.bug, databaseUrl),
    gateways: 2,
  });
  stops.push(services.stop);
  const { gatewayUrl, issuer, owners, platform, smartHomes, gateways } = services;
  const [[first, second], [gateway, otherGateway]] = [smartHomes, gateways];
  if (!first || !second || !gateway || !otherGateway)
    throw new Error('two workers and two gateways were to be started');
  return {
    services,
    programs: {
      'gateway-1': gateway,
      'gateway-2': otherGateway,
      'smart-home-1': first,
      'smart-home-2': second,
      ...{ owners, platform, postgres, redis },
    },
    flats: await inhabit({ databaseUrl, gatewayUrl, issuer, size: world, chance }),
    databaseUrl,
    redisUrl,
  };
};
