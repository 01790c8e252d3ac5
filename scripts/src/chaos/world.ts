/** The flats and people of a run: a sample of the seeded world, half of it drawn by the seed. */
import { obtainToken } from '@house/authorization-server/obtain-token';
import { platformWorld, type WorldSize } from '@house/schema/platform/world.ts';
import pg from 'pg';
import type { Chance } from './chance.ts';
import { createResident, type Resident } from './resident.ts';

export type ApiVersion = 'v1' | 'v2';
/** How many flats by the version that serves their access points. */
export type FlatCount = Readonly<Record<ApiVersion, number>>;
export type FlatPoint = { id: string; target: string; toggle: boolean };
export type Inhabitant = { resident: Resident; membershipId: string };
export type InhabitedFlat = {
  premisesId: string;
  unitId: string;
  legacyId: number;
  apiVersion: ApiVersion;
  vehiclesVersion: ApiVersion;
  points: FlatPoint[];
  /** Owners first. */
  inhabitants: Inhabitant[];
};

/** More flats than clients, so that sequences of vehicles do not wait for one another; no more tokens than needed. */
const FLATS: FlatCount = { v1: 12, v2: 26 };
const SIGN_INS_AT_ONCE = 4;

type Row = { account: string; membership_id: string; premises_id: string; unit_id: string };

const readPeople = async (databaseUrl: string): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(
      `SELECT p.account, m.id AS membership_id, m.premises_id, h.unit_id
       FROM owners.memberships m JOIN owners.people p ON p.id = m.person_id
       JOIN smart_home.premises h ON h.id = m.premises_id
       WHERE m.status = 'ACTIVE' AND h.unit_id IS NOT NULL AND m.permissions @> ARRAY['ACCESS_OPEN', 'VEHICLE_MANAGE']
       ORDER BY m.premises_id, m.role <> 'OWNER', m.id`,
    );
    return rows;
  } finally {
    await client.end();
  }
};

const eachAtMost = async <T, R>(limit: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: limit }, async () => {
      while (next < items.length) {
        const index = next++;
        const item = items[index];
        if (item !== undefined) results[index] = await work(item);
      }
    }),
  );
  return results;
};

/** Everybody signs in and looks at the home screen once, before anything goes wrong. */
export const inhabit = async ({
  databaseUrl,
  gatewayUrl,
  issuer,
  size,
  chance,
  count = FLATS,
}: {
  databaseUrl: string;
  gatewayUrl: string;
  issuer: string;
  size: WorldSize;
  chance: Chance;
  count?: FlatCount;
}): Promise<InhabitedFlat[]> => {
  const world = platformWorld(size);
  const sites = new Map(world.sites.map((site) => [site.id, site]));
  const units = new Map(world.units.map((unit) => [unit.id, unit]));
  const points = new Map(world.accessPoints.map((point) => [point.id, point]));
  const versionOf = (siteId: number, resource: string): ApiVersion =>
    sites.get(siteId)?.resources[resource] ?? sites.get(siteId)?.version ?? 'v2';

  const households = Map.groupBy(await readPeople(databaseUrl), ({ premises_id }) => premises_id);
  const shuffled = [...households.values()]
    .map((rows) => ({ rows, lot: chance.next() }))
    .sort((one, other) => one.lot - other.lot);
  const left = { ...count };
  const chosen = shuffled.flatMap(({ rows }) => {
    const unit = units.get(rows[0]?.unit_id ?? '');
    if (!unit) return [];
    const apiVersion = versionOf(unit.siteId, 'accessPoints');
    if (left[apiVersion] === 0) return [];
    left[apiVersion] -= 1;
    return [{ rows, unit, apiVersion }];
  });

  return eachAtMost(SIGN_INS_AT_ONCE, chosen, async ({ rows, unit, apiVersion }) => {
    const inhabitants: Inhabitant[] = [];
    for (const { account: user, membership_id: membershipId } of rows) {
      const { access_token: token } = await obtainToken({ issuer, user });
      const resident = createResident({ url: gatewayUrl, user, token, chance: chance.stream(user) });
      inhabitants.push({ resident, membershipId });
    }
    const premisesId = rows[0]?.premises_id ?? '';
    const home = (await inhabitants[0]?.resident.homes())?.find(({ id }) => id === premisesId);
    return {
      premisesId,
      unitId: unit.id,
      legacyId: unit.legacyId,
      apiVersion,
      vehiclesVersion: versionOf(unit.siteId, 'vehicles'),
      inhabitants,
      // A kind is once in a flat, so it tells which of the platform's points ours is.
      points: (home?.accessPoints ?? []).flatMap(({ id, kind }) => {
        const point = unit.accessPoints
          .map((name) => points.get(name))
          .find((candidate) => candidate?.kind.toUpperCase() === kind);
        return point ? [{ id, target: point.id, toggle: point.actuation === 'toggle' }] : [];
      }),
    };
  });
};
