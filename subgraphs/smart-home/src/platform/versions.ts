/**
 * Which version of the platform serves which site and which resource. Two versions live at once, resource by resource
 * and building by building; only discovery knows, and it may change while we run.
 */
import type { Clock } from '@house/kernel/clock';
import { type Deadline, isTooLate } from '@house/kernel/subgraph';
import type { Log } from '@house/kernel/telemetry';
import { z } from 'zod';
import { contractBroken, jsonOf, type PlatformClient, requireSuccess } from './client.ts';
import type { PlatformVersion } from './platform.ts';

/** Short enough that a building's move is noticed soon, long enough that it costs nothing. */
const FRESH_MS = 30_000;
/** Older than this it is used only when no newer answer is to be had. */
const STALE_MS = 5 * 60_000;
/** How long nobody waits for an answer after one that did not come. */
const PATIENCE_MS = 30_000;
const ASK_LIMIT_MS = 2_000;

const version = z.enum(['v1', 'v2']);
const document = z.object({
  versions: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      minor: z.string().optional(),
      deprecatedAt: z.iso.datetime({ offset: true }).nullish(),
      sunsetAt: z.iso.datetime({ offset: true }).nullish(),
    }),
  ),
  sites: z.object({
    default: version,
    overrides: z
      .array(
        z.object({
          siteId: z.number(),
          version: version.optional(),
          resources: z.record(z.string(), version).optional(),
        }),
      )
      .default([]),
  }),
});
export type Discovery = z.output<typeof document>;

export type Versions = {
  /** @throws PlatformFault when it is not known and cannot be asked. */
  of(siteId: number, resource: string): Promise<PlatformVersion>;
  /**
   * The same, from whoever has time until the deadline: then, what is known already does, and the question goes on for the
   * others. @throws HouseError `DEADLINE_EXCEEDED` when nothing is known.
   */
  by(siteId: number, resource: string, deadline: Deadline): Promise<PlatformVersion>;
  /** The same as far as it is known in this moment, without asking. */
  known(siteId: number, resource: string): PlatformVersion | undefined;
  /** Reads discovery again, whatever its age: somebody says that it has changed. @throws PlatformFault */
  renew(): Promise<void>;
  /** What discovery says of a version itself, as far as it is known in this moment. */
  about(id: PlatformVersion): Discovery['versions'][number] | undefined;
};

/** The last discovery outlives the process, so that a restart during an outage still knows whom to ask. */
export type DiscoveryMemory = { read(): Promise<unknown>; write(discovery: Discovery): Promise<void> };

const choose = ({ sites }: Discovery, siteId: number, resource: string): PlatformVersion => {
  const override = sites.overrides.find((site) => site.siteId === siteId);
  return override?.resources?.[resource] ?? override?.version ?? sites.default;
};

const readDiscovery = async (client: PlatformClient, clock: Clock): Promise<Discovery> => {
  const answer = await client.exchange({
    method: 'GET',
    path: '/.well-known/smart-home-platform',
    route: '/.well-known/smart-home-platform',
    signal: AbortSignal.timeout(ASK_LIMIT_MS),
  });
  requireSuccess(answer, undefined, clock());
  const parsed = document.safeParse(jsonOf(answer));
  if (!parsed.success) throw contractBroken(parsed.error);
  return parsed.data;
};

export const createVersions = ({
  client,
  memory,
  clock,
  log,
}: {
  client: PlatformClient;
  memory: DiscoveryMemory;
  clock: Clock;
  log: Log;
}): Versions => {
  let known: { discovery: Discovery; at: number } | undefined;
  let asking: Promise<Discovery> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  const warned = new Set<string>();

  const refresh = (): Promise<Discovery> => {
    asking ??= readDiscovery(client, clock)
      .then(async (discovery) => {
        await memory.write(discovery);
        known = { discovery, at: clock().getTime() };
        return discovery;
      })
      .catch((error: unknown) => {
        failedAt = clock().getTime();
        log.warn('discovery-failed', { error });
        throw error;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };

  /** What was known before this process began; as old as can be, so that it is asked for anew. */
  const recall = async (): Promise<typeof known> => {
    const remembered = document.safeParse(await memory.read());
    known ??= remembered.success ? { discovery: remembered.data, at: Number.NEGATIVE_INFINITY } : undefined;
    return known;
  };

  /**
   * What is known is used at once while a newer answer is on its way. The first caller waits, and whoever would act on
   * what is old; but nobody while the platform does not answer anyway.
   */
  const current = async (): Promise<Discovery> => {
    const now = clock().getTime();
    if (known && Math.abs(now - known.at) < FRESH_MS) return known.discovery;
    const asked = refresh();
    const isOld = !known || Math.abs(now - known.at) >= STALE_MS;
    const isHopeless = Math.abs(now - failedAt) < PATIENCE_MS;
    if (known && (!isOld || isHopeless)) {
      asked.catch(() => undefined);
      return known.discovery;
    }
    try {
      return await asked;
    } catch (error) {
      const before = known ?? (await recall());
      if (!before) throw error;
      return before.discovery;
    }
  };

  const versions: Versions = {
    known: (siteId, resource) => known && choose(known.discovery, siteId, resource),
    by: async (siteId, resource, deadline) => {
      try {
        return await deadline.bound(() => versions.of(siteId, resource));
      } catch (error) {
        const before = versions.known(siteId, resource);
        if (before && isTooLate(error)) return before;
        throw error;
      }
    },
    of: async (siteId, resource) => {
      const discovery = await current();
      const chosen = choose(discovery, siteId, resource);
      const about = discovery.versions.find(({ id }) => id === chosen);
      const key = `${siteId}:${resource}:${chosen}`;
      if (about?.status === 'deprecated' && !warned.has(key)) {
        warned.add(key);
        log.warn('platform-version-deprecated', {
          siteId,
          resource,
          apiVersion: chosen,
          ...(about.sunsetAt && { sunset: about.sunsetAt }),
        });
      }
      return chosen;
    },
    renew: async () => {
      // One that was asked before may have been answered before the change.
      await asking?.catch(() => undefined);
      await refresh();
    },
    about: (id) => known?.discovery.versions.find((entry) => entry.id === id),
  };
  return versions;
};
