/** Opening by v2: a promise, kept one device latency later or not at all. */
import type { Answer, Call, Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import type { AccessPoint } from '../world.ts';
import { accepted } from './operation-answers.ts';
import type { EffectOutcome } from './operations.ts';
import { problem, problemOf } from './problem.ts';

type OpenBody = { subjectRef: string; unitId: string | null; reason: string; deadline: string };

/** Only they open without a unit. */
const WITHOUT_UNIT: ReadonlySet<string> = new Set(['concierge', 'emergency']);

export const createOpenHandlers = (simulation: Simulation): Handlers => {
  const { world, subjects, doors, operations, profileOf } = simulation;

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

  const actuate = (accessPoint: AccessPoint, { subjectRef }: OpenBody, key: string, traceId: string): EffectOutcome => {
    const outcome = doors.actuate(accessPoint, { apiVersion: 'v2', subjectRef, idempotencyKey: key });
    if (outcome === 'opened') return { result: { accessPointId: accessPoint.id } };
    return outcome === 'offline'
      ? { problem: problemOf('device-offline', { traceId }) }
      : { problem: problemOf('state-conflict', { traceId, detail: 'The device is jammed.' }) };
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
          kind: 'open',
          siteId,
          expiresAt: profileOf(siteId) === 'A' ? expiresAt : undefined,
          effect: () => actuate(accessPoint, body, key, traceId),
        }),
      );
    },
  };
};
