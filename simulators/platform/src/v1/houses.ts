/** Houses, flats and doors, as v1 shows them. A house that speaks no v1 at all is not there. */
import type { Answer, Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import type { AccessPoint, Site, Unit } from '../world.ts';
import { enveloped, flag, list, notFound, paged } from './envelope.ts';

const MOSCOW = 'Europe/Moscow';

const presentHouse = ({ id, name, timeZone }: Site) => ({
  houseId: id,
  name,
  ...(timeZone === MOSCOW ? {} : { timezone: timeZone }),
});
const presentFlat = ({ legacyId, siteId, externalRef }: Unit) => ({ flatId: legacyId, houseId: siteId, externalRef });
const presentDoor = ({ domophoneId, doorId, kind, name, connectivity }: AccessPoint) => ({
  domophoneId,
  doorId,
  icon: kind === 'elevator' ? 'entrance' : kind,
  name,
  online: flag(connectivity === 'online'),
});
/** Five digits, the same for a flat at every start. */
const doorCodeOf = ({ legacyId }: Unit): string => String(10_000 + ((legacyId * 7919) % 90_000));

export const createHouseHandlers = (simulation: Simulation): Handlers => {
  const { world, quirks } = simulation;
  const shown = (siteId: number): boolean => world.shows(siteId, 'v1');
  const listed = (items: readonly unknown[]): Answer => list(items, quirks.has('404-as-empty'));
  const flatIdsOf = (accessPoint: AccessPoint): readonly number[] =>
    world
      .unitsOf(accessPoint.siteId)
      .filter((unit) => unit.accessPoints.includes(accessPoint.id))
      .map(({ legacyId }) => legacyId);
  return {
    listHouses: (call) =>
      listed(
        paged(
          world.sites.filter(({ id }) => shown(id)),
          call,
        ).map(presentHouse),
      ),

    listFlats(call) {
      const siteId = Number(call.params.houseId);
      if (!shown(siteId)) return notFound();
      const { externalRef } = call.query;
      const units = world.unitsOf(siteId);
      const found = externalRef === undefined ? units : units.filter((unit) => unit.externalRef === externalRef);
      return listed(paged(found, call).map(presentFlat));
    },

    listDoors(call) {
      const siteId = Number(call.params.houseId);
      if (world.speaks(siteId, 'accessPoints') !== 'v1') return notFound();
      if (call.query.flatId === undefined)
        return listed(
          paged(world.accessPointsOf(siteId), call).map((point) => ({
            ...presentDoor(point),
            flatIds: flatIdsOf(point),
          })),
        );
      const unit = world.unitByLegacyId(Number(call.query.flatId));
      if (unit?.siteId !== siteId) return notFound();
      return listed(paged(world.accessPointsFor(unit), call).map(presentDoor));
    },

    readFlat(call) {
      const unit = world.unitByLegacyId(Number(call.params.flatId));
      if (!unit || !shown(unit.siteId)) return notFound();
      const doors = world.speaks(unit.siteId, 'accessPoints') === 'v1' ? world.accessPointsFor(unit) : [];
      return enveloped({
        ...presentFlat(unit),
        doorCode: doorCodeOf(unit),
        autoOpen: 'f',
        handset: 't',
        voip: 't',
        hiddenJournal: 'f',
        faces: 'f',
        plates: flag(simulation.vehicles.pointsOf(unit).length > 0),
        blocked: 'f',
        doors: doors.map(({ domophoneId, doorId }) => ({ domophoneId, doorId })),
      });
    },
  };
};
