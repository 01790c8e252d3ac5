/** Opening by v2: a promise, kept one device latency later or not at all. */
import type { Answer, Call, Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import type { AccessPoint } from '../world.ts';
import { accepted } from './operation-answers.ts';
import { problem } from './problem.ts';

type OpenBody = { subjectRef: string; unitId: string | null; reason: string; deadline: string };

/** Only they open without a unit. */
const WITHOUT_UNIT: ReadonlySet<string> = new Set(['concierge', 'emergency']);
const viaOf = (reason: string) => (reason === 'concierge' || reason === 'emergency' ? reason : 'app');

export const createOpenHandlers = (simulation: Simulation): Handlers => {
  const { world, subjects, operations, profiles } = simulation;

  /** The refusal of somebody who may not open here for this unit. */
  const refuseSubject = ({ subjectRef, unitId, reason }: OpenBody, accessPoint: AccessPoint, call: Call) => {
    const { traceId } = call;
    if (unitId === null)
      return WITHOUT_UNIT.has(reason) ? undefined : problem('invalid-request', { traceId, detail: 'body/unitId' });
    const unit = world.unit(unitId);
    if (!unit?.accessPoints.includes(accessPoint.id)) return problem('not-found', { traceId });
    const standing = subjects.standing(unitId, subjectRef);
    if (standing === 'allowed') return undefined;
    return problem(standing === 'withdrawn' ? 'consent-withdrawn' : 'consent-required', { traceId });
  };

  /** The refusal of a device that would not take the order. */
  const refuseDevice = (accessPoint: AccessPoint, { traceId }: Call): Answer | undefined => {
    if (accessPoint.lockedDown) return problem('access-point-locked-down', { traceId });
    if (accessPoint.busy) return problem('access-point-busy', { traceId });
    if (accessPoint.connectivity === 'offline') return problem('device-offline', { traceId });
    return undefined;
  };

  return {
    openAccessPoint(call) {
      const { traceId, clientId } = call;
      const body = call.body as OpenBody;
      const key = call.received.headers['idempotency-key'] ?? '';
      const expiresAt = new Date(call.received.headers['expires-at'] ?? '');
      if (expiresAt.getTime() !== Date.parse(body.deadline))
        return problem('invalid-request', { traceId, detail: 'body/deadline is not Expires-At' });
      const accessPoint = world.accessPoint(String(call.params.id));
      if (!accessPoint || world.speaks(accessPoint.siteId, 'accessPoints') !== 'v2')
        return problem('not-found', { traceId });
      const refusal = refuseSubject(body, accessPoint, call) ?? refuseDevice(accessPoint, call);
      if (refusal) return refusal;
      const { siteId } = accessPoint;
      return accepted(
        operations.promise({
          clientId,
          key,
          fingerprint: call.fingerprint,
          siteId,
          traceId,
          expiresAt: profiles.obeysDeadlines(siteId) ? expiresAt.toISOString() : null,
          order: {
            kind: 'open',
            accessPointId: accessPoint.id,
            unitId: body.unitId,
            subjectRef: body.subjectRef,
            performedVia: viaOf(body.reason),
          },
        }),
      );
    },
  };
};
