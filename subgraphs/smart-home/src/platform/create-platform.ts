import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Random } from '@house/kernel/clock';
import type { Secret } from '@house/kernel/config';
import { isTooLate } from '@house/kernel/subgraph';
import type { Telemetry } from '@house/kernel/telemetry';
import { createPlatformClient } from './client.ts';
import { createGuard, type GuardKey } from './guard.ts';
import { createGuardWatch } from './guard-watch.ts';
import { createHealthRecord } from './health.ts';
import type { Access, Capability, Platform, PlatformHealth, PlatformVersion, Vehicles } from './platform.ts';
import { createRead } from './reads.ts';
import { accessOf, createTranslators, vehiclesOf } from './repeats.ts';
import type { TokenMemory } from './token.ts';
import type { PlatformTrust } from './transport/trust.ts';
import { createAccessV1 } from './v1/access.ts';
import { createV1Session } from './v1/session.ts';
import { createVehiclesV1 } from './v1/vehicles.ts';
import { createAccessV2 } from './v2/access.ts';
import { createV2Session } from './v2/session.ts';
import { createVehiclesV2 } from './v2/vehicles.ts';
import { createWebhookSubscriptions } from './v2/webhook-subscriptions.ts';
import { createVersions, type DiscoveryMemory, type Versions } from './versions.ts';

export type PlatformOptions = {
  url: string;
  /** How we know each other; it may change while we run. */
  trust: PlatformTrust;
  /** Who we are. The second version knows us by certificate and key, the first by a secret and an API key. */
  client: { id: string; v1Secret: Secret; v1ApiKey: Secret };
  memory: DiscoveryMemory;
  /** Where processes share the token of the first version; each has its own without it, and ends the others'. */
  tokens?: TokenMemory | undefined;
  /** Repeats per request, above a floor. */
  retryShare?: number | undefined;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
};

const PROBE_LIMIT_MS = 1_000;
/** Within the shortest deadline of a physical action (3 s) there is time to wait this long and still deliver it. */
const SHORT_PAUSE_MS = 2_000;

const CAPABILITIES: Readonly<
  Record<PlatformVersion, { access: readonly Capability[]; vehicles: readonly Capability[] }>
> = {
  v1: { access: ['OPEN_SYNC'], vehicles: ['PLATE_LIST'] },
  v2: { access: ['OPEN_ASYNC'], vehicles: ['PLATE_LIST', 'PLATE_VALIDITY'] },
};

const lifeOf = (apiVersion: string, about?: ReturnType<Versions['about']>) => ({
  apiVersion,
  deprecatedSince: about?.deprecatedAt ? new Date(about.deprecatedAt) : null,
  sunsetAt: about?.sunsetAt ? new Date(about.sunsetAt) : null,
});

/** Composes the port: one client, a session per version, a translator per version and resource. */
export const createPlatform = ({
  url,
  trust,
  client: identity,
  memory,
  tokens,
  retryShare,
  clock,
  random,
  telemetry,
}: PlatformOptions): Platform => {
  const record = createHealthRecord({ clock });
  const guard = createGuard({ clock, retryShare, watch: createGuardWatch(telemetry) });
  const client = createPlatformClient({
    url,
    clientId: identity.id,
    trust,
    guard,
    witness: record.witness,
    clock,
    random,
    telemetry,
  });
  const versions = createVersions({ client, memory, clock, log: telemetry.log });
  const v1 = createV1Session({ client, identity, memory: tokens, clock });
  const v2 = createV2Session({ client, identity, clientKey: trust.clientKey, clock, random });
  const sessions = { v1, v2 };
  const readers = { v1: createTranslators(v1, createAccessV1), v2: createTranslators(v2, createAccessV2) };
  const access: Record<PlatformVersion, Access> = { v1: accessOf(readers.v1), v2: accessOf(readers.v2) };
  const vehicles: Record<PlatformVersion, Vehicles> = {
    v1: vehiclesOf(createTranslators(v1, createVehiclesV1)),
    v2: vehiclesOf(createTranslators(v2, createVehiclesV2)),
  };
  const read = createRead({ clock, chance: () => Buffer.from(random(4)).readUInt32BE() / 0xffff_ffff, wait });

  /** What has to work for the site: what belongs to no site only while discovery or a token is missing. */
  const keysOf = (siteId: number): GuardKey[] => {
    const version = versions.known(siteId, 'accessPoints');
    return version && sessions[version].isSignedIn() ? [siteId] : [siteId, 'platform'];
  };
  const heldBackFor = (siteId: number): number => Math.max(...keysOf(siteId).map((key) => guard.refuses(key) ?? 0));
  const isBroken = (siteId: number): boolean => keysOf(siteId).some((key) => guard.isBroken(key));

  /** Asked when no request of the last seconds has told, and as a probe when it was told that it is down. */
  const ask = async (siteId: number): Promise<void> => {
    const session = sessions[await versions.of(siteId, 'accessPoints')];
    if (guard.isBroken('platform') && !session.isSignedIn()) await session.signIn();
    await session.health(siteId, AbortSignal.timeout(PROBE_LIMIT_MS));
  };

  const healthOf = (siteId: number): { health: PlatformHealth; checkedAt: Date } => {
    const heard = record.of(siteId) ?? { health: 'UNKNOWN' as const, checkedAt: clock() };
    if (isBroken(siteId)) return { ...heard, health: 'DOWN' };
    return heard.health === 'UP' && heldBackFor(siteId) > 0 ? { ...heard, health: 'DEGRADED' } : heard;
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
    accessPoints: (unit) =>
      read(async ({ signal, isRepeat }) => {
        const { first, again } = readers[await versions.of(unit.siteId, 'accessPoints')];
        return (isRepeat ? again : first).accessPoints(unit, signal);
      }),
    refusal: (siteId) => {
      const retryAfterMs = heldBackFor(siteId);
      const isWaitedOut = !isBroken(siteId) && retryAfterMs <= SHORT_PAUSE_MS;
      return retryAfterMs === 0 || isWaitedOut ? undefined : { retryAfterMs };
    },
    binding: async (siteId, deadline) => {
      if (!record.of(siteId) || (isBroken(siteId) && heldBackFor(siteId) === 0))
        await deadline
          .bound(() => probe(siteId))
          .catch((error: unknown) => telemetry.log.debug('probe-failed', { siteId, error }));
      const { health, checkedAt } = healthOf(siteId);
      try {
        const version = await versions.by(siteId, 'accessPoints', deadline);
        return { ...lifeOf(version, versions.about(version)), health, checkedAt };
      } catch (error) {
        telemetry.log.warn('discovery-failed', { siteId, error });
        return { ...lifeOf('unknown'), health: isTooLate(error) ? health : 'DOWN', checkedAt };
      }
    },
    capabilities: async (siteId, deadline) => {
      const [access, vehicles] = await Promise.all([
        versions.by(siteId, 'accessPoints', deadline),
        versions.by(siteId, 'vehicles', deadline),
      ]);
      return [...CAPABILITIES[access].access, ...CAPABILITIES[vehicles].vehicles];
    },
    renewVersions: () => versions.renew(),
    webhooks: createWebhookSubscriptions(v2),
    close: () => client.close(),
  };
};
