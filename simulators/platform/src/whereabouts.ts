/** Which sites a request concerns, from its path and query alone: for outages, faults and profiles. */
import type { Simulation } from './simulation.ts';

type Named = { params: Readonly<Record<string, string>>; query: URLSearchParams };

const number = (text: string | null | undefined): number | undefined =>
  text != null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;

const siteOfUnit = ({ world }: Simulation, id: string | undefined) => world.unit(id ?? '')?.siteId;
const siteOfPoint = ({ world }: Simulation, id: string | undefined) => world.accessPoint(id ?? '')?.siteId;
const siteOfFlat = ({ world }: Simulation, id: string | null | undefined) =>
  world.unitByLegacyId(number(id) ?? -1)?.siteId;

/** By the segment that follows `/api/v2/`. */
const V2: Readonly<Record<string, (simulation: Simulation, id: string | undefined) => number | undefined>> = {
  sites: (_, id) => number(id),
  units: siteOfUnit,
  'access-points': siteOfPoint,
  'vehicle-permits': (simulation, id) => siteOfUnit(simulation, simulation.vehicles.permit(id ?? '')?.unitId),
  operations: ({ operations }, id) => operations.read(id ?? '')?.siteId,
};

const present = (siteIds: readonly (number | undefined)[]): readonly number[] => [
  ...new Set(siteIds.filter((siteId) => siteId !== undefined)),
];

const v2Sites = (simulation: Simulation, segment: string, { params, query }: Named): readonly number[] => {
  if (params.key !== undefined) return present([simulation.operations.withKey(params.key)?.siteId]);
  const ids = segment === 'access-points' ? query.get('ids')?.split(',') : undefined;
  if (ids) return present(ids.map((id) => siteOfPoint(simulation, id)));
  return present([V2[segment]?.(simulation, params.id), number(query.get('siteId'))]);
};

const v1Sites = (simulation: Simulation, segment: string, { params, query }: Named): readonly number[] =>
  present([
    number(params.houseId),
    number(query.get('houseId')),
    siteOfFlat(simulation, params.flatId),
    segment === 'domophones' ? simulation.world.siteOfDomophone(number(params.id) ?? -1) : undefined,
  ]);

/** Empty for what concerns no site, or one that does not exist. */
export const sitesOf = (simulation: Simulation, template: string, named: Named): readonly number[] => {
  const [, , version, segment = ''] = template.split('/');
  return version === 'v1' ? v1Sites(simulation, segment, named) : v2Sites(simulation, segment, named);
};
