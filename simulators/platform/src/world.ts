/**
 * The platform's houses: sites, units and what opens. Ids are those of `schema/platform/world.ts` and never change;
 * which version serves a site, and how a device feels, does.
 */
import type { Clock } from '@house/kernel/clock';
import {
  type PlatformAccessPoint,
  type PlatformSite,
  type PlatformUnit,
  platformWorld,
  type WorldSize,
} from '@house/schema/platform/world.ts';
import type { ApiVersion } from './ledger.ts';
import type { Keep } from './state/records.ts';

/** As the discovery document names them. */
export const RESOURCES = [
  'accessPoints',
  'vehicles',
  'passes',
  'faces',
  'events',
  'meters',
  'cameras',
  'sensors',
  'scenarios',
  'calls',
  'emergency',
] as const;
export type Resource = (typeof RESOURCES)[number];

export type Site = Omit<PlatformSite, 'version' | 'resources'> & {
  version: ApiVersion;
  /** What differs from `version`. */
  resources: Partial<Record<Resource, ApiVersion>>;
};
export type SiteVersion = { siteId: number; resource: Resource | null; version: ApiVersion };
export type Unit = PlatformUnit;
export type Connectivity = 'online' | 'offline' | 'unknown';
export type AccessPointKind = PlatformAccessPoint['kind'];
export type AccessPoint = PlatformAccessPoint & {
  connectivity: Connectivity;
  /** When it was last heard of; undefined while it is heard of all the time. */
  lastHeard: Date | undefined;
  /** It takes the order and does not move. */
  jammed: boolean;
  /** It is moving for somebody else. */
  busy: boolean;
  /** Nothing opens here by request. */
  lockedDown: boolean;
};

export type World = {
  sites: readonly Site[];
  site(id: number): Site | undefined;
  unit(id: string): Unit | undefined;
  unitByLegacyId(id: number): Unit | undefined;
  unitsOf(siteId: number): readonly Unit[];
  accessPoint(id: string): AccessPoint | undefined;
  accessPointByDoor(domophoneId: number, doorId: number): AccessPoint | undefined;
  siteOfDomophone(domophoneId: number): number | undefined;
  accessPointsOf(siteId: number): readonly AccessPoint[];
  accessPointsFor(unit: Unit): readonly AccessPoint[];
  /** The version that serves `resource` there. */
  speaks(siteId: number, resource: Resource): ApiVersion | undefined;
  /** True when at least one of the site's resources is served by `version`: only then does `version` show the site. */
  shows(siteId: number, version: ApiVersion): boolean;
  /** Of the whole site, or of one resource. */
  setVersion(change: SiteVersion): void;
  /** As `setVersion` was called before the process began. */
  restoreVersion(change: SiteVersion): void;
  setConnectivity(accessPoint: AccessPoint, connectivity: Connectivity): void;
  /** When the platform last heard of the device. */
  asOf(accessPoint: AccessPoint): Date;
};

/** How often a device that is online says so. */
const HEARTBEAT_MS = 10_000;

const groupBy = <Item>(items: readonly Item[], key: (item: Item) => number): ReadonlyMap<number, readonly Item[]> =>
  Map.groupBy(items, key);

/** A world as it was seeded: nothing that was done to another one is in it. */
export const createWorld = (deps: { clock: Clock; size: WorldSize; keep: Keep }): World => {
  const { clock, size, keep } = deps;
  const seed = platformWorld(size);
  const sites = seed.sites.map((site): Site => ({ ...site, resources: { ...site.resources } }));
  const accessPoints = seed.accessPoints.map(
    (point): AccessPoint => ({
      ...point,
      connectivity: 'online',
      lastHeard: undefined,
      jammed: false,
      busy: false,
      lockedDown: false,
    }),
  );
  const bySite = new Map(sites.map((site) => [site.id, site]));
  const units = new Map(seed.units.map((unit) => [unit.id, unit]));
  const unitsByLegacyId = new Map(seed.units.map((unit) => [unit.legacyId, unit]));
  const points = new Map(accessPoints.map((point) => [point.id, point]));
  const doors = new Map(accessPoints.map((point) => [`${point.domophoneId}/${point.doorId}`, point]));
  const domophones = new Map(accessPoints.map(({ domophoneId, siteId }) => [domophoneId, siteId]));
  const unitsBySite = groupBy(seed.units, ({ siteId }) => siteId);
  const pointsBySite = groupBy(accessPoints, ({ siteId }) => siteId);

  const speaks = (siteId: number, resource: Resource): ApiVersion | undefined => {
    const site = bySite.get(siteId);
    return site && (site.resources[resource] ?? site.version);
  };
  const restoreVersion = ({ siteId, resource, version }: SiteVersion): void => {
    const site = bySite.get(siteId);
    if (!site) return;
    if (resource === null) Object.assign(site, { version, resources: {} });
    else site.resources[resource] = version;
  };
  return {
    sites,
    site: (id) => bySite.get(id),
    unit: (id) => units.get(id),
    unitByLegacyId: (id) => unitsByLegacyId.get(id),
    unitsOf: (siteId) => unitsBySite.get(siteId) ?? [],
    accessPoint: (id) => points.get(id),
    accessPointByDoor: (domophoneId, doorId) => doors.get(`${domophoneId}/${doorId}`),
    siteOfDomophone: (domophoneId) => domophones.get(domophoneId),
    accessPointsOf: (siteId) => pointsBySite.get(siteId) ?? [],
    accessPointsFor: (unit) => unit.accessPoints.flatMap((id) => points.get(id) ?? []),
    speaks,
    shows: (siteId, version) => RESOURCES.some((resource) => speaks(siteId, resource) === version),
    setVersion(change) {
      restoreVersion(change);
      keep({ is: 'version', version: change });
    },
    restoreVersion,
    setConnectivity(accessPoint, connectivity) {
      if (accessPoint.connectivity === connectivity) return;
      accessPoint.connectivity = connectivity;
      accessPoint.lastHeard = connectivity === 'online' ? undefined : clock();
    },
    asOf: (accessPoint) =>
      accessPoint.lastHeard ?? new Date(Math.floor(clock().getTime() / HEARTBEAT_MS) * HEARTBEAT_MS),
  };
};
