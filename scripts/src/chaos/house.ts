/** The whole house of a run: servers, services, and the residents who know their doors. */
import type { WorldSize } from '@house/schema/platform/world.ts';
import type { Environment } from '../test/binaries.ts';
import type { Chance } from './chance.ts';
import type { Programs } from './killer.ts';
import { createPorts } from './ports.ts';
import { startServers } from './servers.ts';
import { type Services, startServices } from './services.ts';
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
  bug: string | undefined;
  logLevel: string;
  environment: Environment;
  isRoot: boolean;
  chance: Chance;
  say: (line: string) => void;
};

/** Adds to `stops` what has to be stopped afterwards, as soon as it is started. */
export const startHouse = async (options: HouseOptions, stops: (() => Promise<void>)[]): Promise<House> => {
  const { directory, world, chance } = options;
  const ports = createPorts(process.pid);
  const servers = await startServers({ ...options, ports });
  stops.push(servers.stop);
  const { databaseUrl, redisUrl, postgres, redis } = servers;
  const services = await startServices({ ...options, directory, ports, databaseUrl, redisUrl, workers: 2 });
  stops.push(services.stop);
  const { gatewayUrl, issuer, gateway, owners, platform, smartHomes } = services;
  const [first, second] = smartHomes;
  if (!first || !second) throw new Error('two workers were to be started');
  return {
    services,
    programs: { gateway, owners, platform, 'smart-home-1': first, 'smart-home-2': second, postgres, redis },
    flats: await inhabit({ databaseUrl, gatewayUrl, issuer, size: world, chance }),
    databaseUrl,
    redisUrl,
  };
};
