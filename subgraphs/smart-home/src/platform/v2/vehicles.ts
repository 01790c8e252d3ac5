import { later } from '@house/kernel/clock';
import type { Outcome } from '@house/kernel/outbox';
import { ARRIVAL_LIMIT_MS } from '../arrival.ts';
import { jsonOf } from '../client.ts';
import { mayBeOfPlate, outcomeOf, PlatformFault } from '../faults.ts';
import type { PlateOrder, PlateOutcome, Vehicles } from '../platform.ts';
import { readNames } from './access.ts';
import { askOperation, type OperationState, operationState, readPromises } from './operations.ts';
import { bounded, createPermits, isGone, looking, type Permits } from './permits.ts';
import type { V2Session } from './session.ts';

/** Added twice it may be two; what became of the first is asked before. */
const ADDING = { repeatable: true, next: 'ask' } as const;
/** Whatever is gone cannot be taken away twice. */
const REMOVING = { repeatable: true, next: 'repeat' } as const;
const REPEAT: Outcome = { is: 'ambiguous', next: 'repeat' };
const UNANSWERED: PlateOutcome = { ...REPEAT, isUnanswered: true };
const NO_TRACE = { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true } as const;
const ASK: Outcome = { is: 'ambiguous', next: 'ask' };

const ofPlate = (outcome: Outcome, problem: string | undefined): PlateOutcome =>
  outcome.is === 'failed' && mayBeOfPlate(problem) ? { ...outcome, isOfPlate: true } : outcome;

/** The operation's outcome, with the platform's name of the permit once it has one. */
const addOutcome = ({ outcome, result: { vehiclePermitId }, problem }: OperationState): PlateOutcome =>
  outcome.is === 'succeeded' && typeof vehiclePermitId === 'string'
    ? { ...outcome, result: { platformRef: vehiclePermitId } }
    : ofPlate(outcome, problem);

/** One that came second to another removal has failed, and what was wanted is so. */
const removeOutcome = ({ outcome, problem }: OperationState): Outcome =>
  outcome.is === 'failed' && (problem === 'gone' || problem === 'not-found') ? { is: 'succeeded' } : outcome;

const faultOfPermit = (error: unknown, allowed: typeof ADDING | typeof REMOVING): PlateOutcome => {
  const fault = error instanceof PlatformFault ? error.fault : undefined;
  // Changed between our look and our request: look again.
  if (fault?.status === 412) return { is: 'not-taken', code: 'REFUSED_BY_PLATFORM', repeatable: true };
  // An earlier attempt arrived, and what it asked for has changed since: what became of it is asked under its key.
  if (fault?.problem === 'idempotency-key-reused') return { is: 'pending' };
  return ofPlate(outcomeOf(error, allowed), fault?.problem);
};

const createAsk =
  (session: V2Session) =>
  (order: PlateOrder, signal: AbortSignal): Promise<OperationState | undefined> =>
    askOperation(session, { ...order, siteId: order.unit.siteId }, bounded(signal));

/**
 * The platform knows of no order under our key. Where it keeps keys, the same one goes out again and can do no harm; nor
 * can it where the first version serves by now, which knows a plate once. Otherwise a second one would be a second
 * permit: the list tells whether there is one, once the first can no longer be on its way.
 */
const createWithoutTrace =
  (session: V2Session, permits: Permits) =>
  async (order: PlateOrder, askedAt: Date, signal: AbortSignal): Promise<Outcome> => {
    const promises = await readPromises(session, order.unit.siteId, bounded(signal));
    if (!promises) return REPEAT;
    const mayStillArrive = askedAt < later(order.sentAt, ARRIVAL_LIMIT_MS);
    if (promises.keys) return { ...NO_TRACE, mayStillArrive };
    const unnamed = order.others.filter((name) => name === null).length;
    const there = (await permits.look(order, signal)).length;
    // It cannot be told from another person's that has no name either, but it is there.
    if (there > unnamed) return unnamed === 0 ? REPEAT : { is: 'succeeded' };
    return mayStillArrive ? ASK : NO_TRACE;
  };

export const createVehiclesV2 = (session: V2Session): Vehicles => {
  const permits = createPermits(session);
  const ask = createAsk(session);
  const withoutTrace = createWithoutTrace(session, permits);

  return {
    version: 'v2',
    add: async (order, signal) => {
      try {
        const points = await looking(readNames(session, order.unit, order.accessPoints, bounded(signal)));
        if (points.length === 0 || points.length < order.accessPoints.length)
          return { is: 'failed', code: 'CAPABILITY_MISSING' };
        const terms = {
          points,
          validFrom: order.validFrom.toISOString(),
          validUntil: order.validUntil?.toISOString() ?? null,
          autoOpen: order.autoOpen,
        };
        const { platformRef } = order;
        if (platformRef && (await permits.update(order, platformRef, terms, signal)))
          return { is: 'succeeded', result: { platformRef } };
        // Made by an attempt that was never answered.
        const found = await permits.find(order, signal);
        if (found && found !== platformRef && (await permits.update(order, found, terms, signal)))
          return { is: 'succeeded', result: { platformRef: found } };
        const answer = await session.call({
          method: 'POST',
          path: `/units/${encodeURIComponent(order.unit.unitId)}/vehicle-permits`,
          route: '/units/{id}/vehicle-permits',
          siteId: order.unit.siteId,
          headers: { 'idempotency-key': order.key },
          json: { plate: order.plate, ...terms },
          signal: bounded(signal),
        });
        return addOutcome(operationState(jsonOf(answer)));
      } catch (error) {
        return faultOfPermit(error, ADDING);
      }
    },
    added: async (order, signal) => {
      try {
        const askedAt = session.clock();
        const known = await ask(order, signal);
        return known ? addOutcome(known) : await withoutTrace(order, askedAt, signal);
      } catch (error) {
        if (error instanceof PlatformFault) return ASK;
        throw error;
      }
    },
    remove: async (order, signal) => {
      try {
        const id = order.platformRef ?? (await permits.find(order, signal));
        if (!id) return { is: 'succeeded' };
        return removeOutcome(operationState(jsonOf(await permits.remove(order, id, signal))));
      } catch (error) {
        // Gone already: what was wanted is so.
        return isGone(error) ? { is: 'succeeded' } : faultOfPermit(error, REMOVING);
      }
    },
    removed: async (order, signal) => {
      try {
        const known = await ask(order, signal);
        return known ? removeOutcome(known) : REPEAT;
      } catch (error) {
        if (error instanceof PlatformFault) return UNANSWERED;
        throw error;
      }
    },
  };
};
