import { later } from '@house/kernel/clock';
import { CLASSES, type Outcome } from '@house/kernel/outbox';
import { ARRIVAL_LIMIT_MS, type Pause, pauseFor, SECOND_LOOK_MS } from '../arrival.ts';
import { PlatformFault } from '../faults.ts';
import type { Access, OpenOrder } from '../platform.ts';
import { askOperation, openOutcomeOf, readPromises } from './operations.ts';
import type { V2Session } from './session.ts';

const READ_LIMIT_MS = 2_000;

/**
 * That the platform knows nothing of an open means what the site promises. With keys and deadlines it cannot happen once
 * the deadline is over. With keys alone it may still happen while the request can be on its way; it may be sent again
 * meanwhile, for the key makes them one. Without keys it means nothing at all: nobody will ever tell.
 *
 * @param pause waits; only a test gives another.
 */
export const createOpenOutcome = (session: V2Session, pause: Pause = pauseFor): Access['outcome'] => {
  const bounded = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(READ_LIMIT_MS)]);
  const ask = async (order: OpenOrder, signal: AbortSignal): Promise<Outcome | undefined> => {
    const known = await askOperation(session, { ...order, siteId: order.unit.siteId }, bounded(signal));
    return known && openOutcomeOf(known);
  };

  const seek = async (order: OpenOrder, signal: AbortSignal): Promise<Outcome> => {
    const askedAt = session.clock();
    const known = await ask(order, signal);
    if (known) return known;
    const promises = await readPromises(session, order.unit.siteId, bounded(signal));
    if (!promises?.keys) return { is: 'ambiguous', next: 'nothing' };
    const mayStillArrive = askedAt < (promises.deadlines ? order.notAfter : later(order.sentAt, ARRIVAL_LIMIT_MS));
    if (!promises.deadlines && !mayStillArrive) {
      await pause(SECOND_LOOK_MS, signal);
      const thawed = await ask(order, signal);
      if (thawed) return thawed;
    }
    const repeatable = order.actuation === 'MOMENTARY' && order.attempts < CLASSES.moment.attempts;
    return { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable, mayStillArrive };
  };

  return async (order, signal) => {
    try {
      return await seek(order, signal);
    } catch (error) {
      if (error instanceof PlatformFault || signal.aborted) return { is: 'ambiguous', next: 'ask' };
      throw error;
    }
  };
};
