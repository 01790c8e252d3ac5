import type { KeyObject } from 'node:crypto';
import type { Clock, Random } from '@house/kernel/clock';
import type { Secret } from '@house/kernel/config';
import type { Telemetry } from '@house/kernel/telemetry';
import { createPlatformClient } from './client.ts';
import { createHealthRecord } from './health.ts';
import type { Access, Capability, Platform, PlatformVersion, Vehicles } from './platform.ts';
import { createAccessV1 } from './v1/access.ts';
import { createV1Session } from './v1/session.ts';
import { createVehiclesV1 } from './v1/vehicles.ts';
import { createAccessV2 } from './v2/access.ts';
import { createV2Session } from './v2/session.ts';
import { createVehiclesV2 } from './v2/vehicles.ts';
import { createVersions, type DiscoveryMemory } from './versions.ts';

export type PlatformOptions = {
  url: string;
  caPem?: string | undefined;
  /** Our identity towards the platform: the second version knows a key, the first a secret and an API key. */
  client: { id: string; key: KeyObject; v1Secret: Secret; v1ApiKey: Secret };
  memory: DiscoveryMemory;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
};

const PROBE_LIMIT_MS = 1_000;

const CAPABILITIES: Readonly<
  Record<PlatformVersion, { access: readonly Capability[]; vehicles: readonly Capability[] }>
> = {
  v1: { access: ['OPEN_SYNC'], vehicles: ['PLATE_LIST'] },
  v2: { access: ['OPEN_ASYNC'], vehicles: ['PLATE_LIST', 'PLATE_VALIDITY'] },
};

/** Composes the port: one client, a session per version, a translator per version and resource. */
export const createPlatform = ({
  url,
  caPem,
  client: identity,
  memory,
  clock,
  random,
  telemetry,
}: PlatformOptions): Platform => {
  const record = createHealthRecord({ clock });
  const client = createPlatformClient({ url, caPem, witness: record.witness, clock, telemetry });
  const versions = createVersions({ client, memory, clock, log: telemetry.log });
  const v1 = createV1Session({ client, identity, clock });
  const v2 = createV2Session({ client, identity, clock, random });
  const access: Record<PlatformVersion, Access> = { v1: createAccessV1(v1), v2: createAccessV2(v2) };
  const vehicles: Record<PlatformVersion, Vehicles> = { v1: createVehiclesV1(v1), v2: createVehiclesV2(v2) };

  /** Asked only when no request of the last seconds has told. */
  const ask = async (siteId: number): Promise<void> => {
    const version = await versions.of(siteId, 'accessPoints');
    const signal = AbortSignal.timeout(PROBE_LIMIT_MS);
    await (version === 'v2' ? v2.health(siteId, signal) : v1.health(siteId, signal));
  };

  const probing = new Map<number, Promise<void>>();
  /** Once for all who ask at the same time, however many homes a screen shows. */
  const probe = (siteId: number): Promise<void> => {
    const running = probing.get(siteId) ?? ask(siteId).finally(() => probing.delete(siteId));
    probing.set(siteId, running);
    return running;
  };

  return {
    access: async (siteId, sentBy) => access[sentBy ?? (await versions.of(siteId, 'accessPoints'))],
    vehicles: async (siteId, sentBy) => vehicles[sentBy ?? (await versions.of(siteId, 'vehicles'))],
    binding: async (siteId) => {
      if (!record.of(siteId))
        await probe(siteId).catch((error: unknown) => telemetry.log.debug('probe-failed', { siteId, error }));
      const { health, checkedAt } = record.of(siteId) ?? { health: 'UNKNOWN' as const, checkedAt: clock() };
      try {
        const version = await versions.of(siteId, 'accessPoints');
        const about = await versions.about(version);
        return {
          apiVersion: version,
          deprecatedSince: about?.deprecatedAt ? new Date(about.deprecatedAt) : null,
          sunsetAt: about?.sunsetAt ? new Date(about.sunsetAt) : null,
          health,
          checkedAt,
        };
      } catch (error) {
        telemetry.log.warn('discovery-failed', { siteId, error });
        return { apiVersion: 'unknown', deprecatedSince: null, sunsetAt: null, health: 'DOWN', checkedAt };
      }
    },
    capabilities: async (siteId) => {
      const [access, vehicles] = await Promise.all([
        versions.of(siteId, 'accessPoints'),
        versions.of(siteId, 'vehicles'),
      ]);
      return [...CAPABILITIES[access].access, ...CAPABILITIES[vehicles].vehicles];
    },
    close: () => client.close(),
  };
};
