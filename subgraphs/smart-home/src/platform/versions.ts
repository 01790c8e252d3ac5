/**
 * Which version of the platform serves which site and which resource. Two versions live at once, resource by resource
 * and building by building; only discovery knows, and it may change while we run.
 */
import type { Clock } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import { z } from 'zod';
import { contractBroken, jsonOf, type PlatformClient, requireSuccess } from './client.ts';
import type { PlatformVersion } from './platform.ts';

/** Short enough that a building's move is noticed soon, long enough that it costs nothing. */
const FRESH_MS = 30_000;
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
  /** What discovery says of a version itself. */
  about(id: PlatformVersion): Promise<Discovery['versions'][number] | undefined>;
};

/** The last discovery outlives the process, so that a restart during an outage still knows whom to ask. */
export type DiscoveryMemory = { read(): Promise<unknown>; write(discovery: Discovery): Promise<void> };

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
  const warned = new Set<string>();

  const ask = async (): Promise<Discovery> => {
    const answer = await client.exchange({
      method: 'GET',
      path: '/.well-known/smart-home-platform',
      route: '/.well-known/smart-home-platform',
      signal: AbortSignal.timeout(ASK_LIMIT_MS),
    });
    requireSuccess(answer, undefined, clock());
    const parsed = document.safeParse(jsonOf(answer));
    if (!parsed.success) throw contractBroken(parsed.error);
    await memory.write(parsed.data);
    return parsed.data;
  };

  /** What is known is used at once while a newer answer is on its way; only the very first caller waits. */
  const current = async (): Promise<Discovery> => {
    const now = clock().getTime();
    if (known && now - known.at < FRESH_MS) return known.discovery;
    asking ??= ask()
      .then((discovery) => {
        known = { discovery, at: clock().getTime() };
        return discovery;
      })
      .finally(() => {
        asking = undefined;
      });
    if (!known) {
      try {
        return await asking;
      } catch (error) {
        const remembered = document.safeParse(await memory.read());
        if (!remembered.success) throw error;
        return remembered.data;
      }
    }
    asking.catch((error: unknown) => log.warn('discovery-failed', { error }));
    return known.discovery;
  };

  return {
    of: async (siteId, resource) => {
      const { sites, versions } = await current();
      const override = sites.overrides.find((site) => site.siteId === siteId);
      const chosen = override?.resources?.[resource] ?? override?.version ?? sites.default;
      const about = versions.find(({ id }) => id === chosen);
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
    about: async (id) => (await current()).versions.find((entry) => entry.id === id),
  };
};
