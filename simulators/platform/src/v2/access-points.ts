/** What opens, as v2 shows it. */
import type { Answer, Call, Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import type { AccessPoint, AccessPointKind } from '../world.ts';
import { tagged } from './etag.ts';
import { page } from './page.ts';
import { problem } from './problem.ts';

/** Ways in that are switched on, by kind; `face` is never the only one. */
const METHODS: Readonly<Record<AccessPointKind, readonly string[]>> = {
  entrance: ['app', 'pin', 'face', 'rfid', 'call'],
  elevator: ['app', 'rfid'],
  gate: ['app', 'guest_link', 'plate', 'rfid'],
  barrier: ['app', 'guest_link', 'plate', 'rfid'],
};

const presentAccessPoint = (simulation: Simulation, accessPoint: AccessPoint) => ({
  id: accessPoint.id,
  legacyId: `${accessPoint.domophoneId}/${accessPoint.doorId}`,
  siteId: accessPoint.siteId,
  kind: accessPoint.kind,
  name: accessPoint.name,
  actuation: accessPoint.actuation,
  methods: METHODS[accessPoint.kind],
  connectivity: accessPoint.connectivity,
  asOf: simulation.world.asOf(accessPoint).toISOString(),
  holdSeconds: accessPoint.holdSeconds,
  blockedReason: accessPoint.lockedDown ? 'locked down' : null,
});

export const createAccessPointHandlers = (simulation: Simulation): Handlers => {
  const { world } = simulation;
  const visible = (siteId: number): boolean => world.speaks(siteId, 'accessPoints') === 'v2';
  const present = (accessPoint: AccessPoint) => presentAccessPoint(simulation, accessPoint);
  const notFound = ({ traceId }: Call): Answer => problem('not-found', { traceId });
  return {
    listUnitAccessPoints(call) {
      const unit = world.unit(String(call.params.id));
      return unit && visible(unit.siteId) ? page(world.accessPointsFor(unit), present, call) : notFound(call);
    },
    listSiteAccessPoints(call) {
      const siteId = Number(call.params.id);
      return visible(siteId) ? page(world.accessPointsOf(siteId), present, call) : notFound(call);
    },
    listAccessPointsByIds(call) {
      const ids = call.query.ids as readonly string[];
      const found = ids.flatMap((id) => world.accessPoint(id) ?? []).filter(({ siteId }) => visible(siteId));
      return { status: 200, body: { items: found.map(present), next: null } };
    },
    readAccessPoint(call) {
      const accessPoint = world.accessPoint(String(call.params.id));
      return accessPoint && visible(accessPoint.siteId) ? tagged(present(accessPoint), call) : notFound(call);
    },
  };
};
