/**
 * The moment when something physical moves. Everything that can open goes through here, so that nothing opens without
 * a line in the ledger. Two requests for one door are two openings: whoever asked twice is told by the ledger.
 */
import type { EventLog } from './event-log.ts';
import type { Cause, Ledger } from './ledger.ts';
import type { AccessPoint } from './world.ts';

export type DoorOutcome = 'opened' | 'offline' | 'jammed';
/** For whom it opens, as far as the version says. */
export type Errand = Cause & {
  unitId: string | null;
  performedVia: 'app' | 'concierge' | 'emergency';
  operationId?: string;
};
export type Doors = { actuate(accessPoint: AccessPoint, errand: Errand): DoorOutcome };

export const createDoors = ({ ledger, events }: { ledger: Ledger; events: EventLog }): Doors => ({
  actuate(accessPoint, { unitId, performedVia, operationId, ...cause }) {
    const { id, siteId } = accessPoint;
    const outcome = accessPoint.connectivity === 'offline' ? 'offline' : accessPoint.jammed ? 'jammed' : 'opened';
    if (outcome === 'opened') ledger.record('open', id, cause);
    events.append({
      type: outcome === 'opened' ? 'access_point.opened' : 'access_point.denied',
      siteId,
      data: {
        accessPointId: id,
        unitId,
        subjectRef: cause.subjectRef ?? null,
        performedVia,
        credentialRef: null,
        operationId: operationId ?? null,
        denialReason: null,
        cameraId: null,
      },
    });
    return outcome;
  },
});
