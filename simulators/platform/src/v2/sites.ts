/** Sites, units and their pseudonymous people, as v2 shows them. A site that speaks no v2 at all is not there. */
import type { Answer, Call, Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import type { SubjectRole } from '../subjects.ts';
import type { Site, Unit } from '../world.ts';
import { page } from './page.ts';
import { problem } from './problem.ts';

const presentUnit = ({ id, legacyId, siteId, externalRef, kind }: Unit) => ({
  id,
  legacyId,
  siteId,
  externalRef,
  kind,
  status: 'active',
});

/** What the site's devices say together. */
export const healthOf = ({ world, outages }: Simulation, siteId: number): 'up' | 'degraded' | 'down' => {
  if (outages.has(siteId)) return 'down';
  return world.accessPointsOf(siteId).every(({ connectivity }) => connectivity === 'online') ? 'up' : 'degraded';
};

export const createSiteHandlers = (simulation: Simulation): Handlers => {
  const { world, subjects, profiles, clock } = simulation;
  /** What the site keeps of the contract (§5.9). */
  const featuresOf = (siteId: number): string[] => [
    ...(profiles.knowsKeys(siteId) ? ['operations.keys'] : []),
    ...(profiles.obeysDeadlines(siteId) ? ['operations.deadlines'] : []),
  ];
  const presentSite = ({ id, name, timeZone, version }: Site) => ({
    id,
    name,
    timeZone,
    version,
    features: featuresOf(id),
    health: healthOf(simulation, id),
    asOf: clock().toISOString(),
  });
  const notFound = ({ traceId }: Call): Answer => problem('not-found', { traceId });
  const siteOf = (call: Call): Site | undefined => {
    const site = world.site(Number(call.params.id));
    return site && world.shows(site.id, 'v2') ? site : undefined;
  };
  const unitOf = (call: Call): Unit | undefined => {
    const unit = world.unit(String(call.params.id));
    return unit && world.shows(unit.siteId, 'v2') ? unit : undefined;
  };
  /** Who may open belongs to what opens. */
  const unitOfSubject = (call: Call): Unit | undefined => {
    const unit = world.unit(String(call.params.id));
    return unit && world.speaks(unit.siteId, 'accessPoints') === 'v2' ? unit : undefined;
  };
  return {
    listSites: (call) =>
      page(
        world.sites.filter(({ id }) => world.shows(id, 'v2')),
        presentSite,
        call,
      ),
    readSite(call) {
      const site = siteOf(call);
      return site ? { status: 200, body: presentSite(site) } : notFound(call);
    },
    listUnits(call) {
      const site = siteOf(call);
      if (!site) return notFound(call);
      const { externalRef } = call.query;
      const units = world.unitsOf(site.id);
      return page(externalRef ? units.filter((unit) => unit.externalRef === externalRef) : units, presentUnit, call);
    },
    readUnit(call) {
      const unit = unitOf(call);
      return unit ? { status: 200, body: presentUnit(unit) } : notFound(call);
    },
    putSubject(call) {
      const unit = unitOfSubject(call);
      if (!unit) return notFound(call);
      const { role, validUntil } = call.body as { role: SubjectRole; validUntil: string | null };
      const subject = { subjectRef: String(call.params.subjectRef), unitId: unit.id, role, validUntil };
      subjects.put(subject);
      return { status: 200, body: subject };
    },
    deleteSubject(call) {
      const unit = unitOfSubject(call);
      if (!unit) return notFound(call);
      subjects.remove(unit.id, String(call.params.subjectRef));
      return { status: 204 };
    },
  };
};
