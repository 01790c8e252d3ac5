/**
 * The moment when something physical moves. Everything that can open goes through here, so that nothing opens without
 * a line in the ledger. Two requests for one door are two openings: whoever asked twice is told by the ledger.
 */
import type { EventLog } from './event-log.ts';
import type { Cause, Ledger } from './ledger.ts';
import type { AccessPoint } from './world.ts';

export type DoorOutcome = 'opened' | 'offline' | 'jammed';
export type Doors = { actuate(accessPoint: AccessPoint, cause: Cause): DoorOutcome };

export const createDoors = ({ ledger, events }: { ledger: Ledger; events: EventLog }): Doors => ({
  actuate(accessPoint, cause) {
    const { id, siteId } = accessPoint;
    const outcome = accessPoint.connectivity === 'offline' ? 'offline' : accessPoint.jammed ? 'jammed' : 'opened';
    if (outcome === 'opened') ledger.record('open', id, cause);
    events.append({
      type: outcome === 'opened' ? 'access_point.opened' : 'access_point.denied',
      siteId,
      data: { accessPointId: id, performedVia: 'app', subjectRef: cause.subjectRef ?? null },
    });
    return outcome;
  },
});
