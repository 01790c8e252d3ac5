import { later } from '@house/kernel/clock';
import type { Outcome } from '@house/kernel/outbox';
import { z } from 'zod';
import { ARRIVAL_LIMIT_MS, type Pause, pauseFor, SECOND_LOOK_MS } from '../arrival.ts';
import { contractBroken } from '../client.ts';
import { outcomeOf, PlatformFault } from '../faults.ts';
import type { Access, AccessPointKind, AccessPointState, OpenOrder } from '../platform.ts';
import { createJournalV1, type Door, isUnaccountedFor } from './journal.ts';
import type { V1Session } from './session.ts';

const READ_LIMIT_MS = 2_000;
/** The first version opens while the caller waits, for up to five seconds. */
const OPEN_LIMIT_MS = 5_500;
/** The first version bans who asks too often. */
const LOOK_EVERY_MS = 2_000;

const KINDS = { entrance: 'ENTRANCE', wicket: 'WICKET', gate: 'GATE', barrier: 'BARRIER' } as const satisfies Record<
  string,
  AccessPointKind
>;

const door = z.object({
  domophoneId: z.coerce.number().int(),
  doorId: z.coerce.number().int(),
  icon: z.enum(['entrance', 'wicket', 'gate', 'barrier']),
  name: z.string(),
  online: z.enum(['t', 'f']).optional(),
});

const toState = (item: z.output<typeof door>): AccessPointState => ({
  ref: { v1: { domophoneId: item.domophoneId, doorId: item.doorId } },
  kind: KINDS[item.icon],
  name: item.name,
  // The first version does not say how a gate is driven; a second pulse on a toggle stops or reverses it.
  actuation: item.icon === 'gate' ? 'TOGGLE' : 'MOMENTARY',
  connectivity: item.online === undefined ? 'UNKNOWN' : item.online === 't' ? 'ONLINE' : 'OFFLINE',
  asOf: null,
  blockedReason: null,
  allowedMethods: [
    'APP',
    'PIN',
    'RFID',
    ...(item.icon === 'gate' || item.icon === 'barrier' ? (['PLATE'] as const) : []),
  ],
});

/**
 * There is no key to ask about an open by. What the journal of the flat says is the truth, when it says something that
 * only this open can have caused.
 */
const createOutcome = (session: V1Session, pause: Pause): Access['outcome'] => {
  const journal = createJournalV1(session);

  const isInJournal = async (
    { unit, sentAt, others }: OpenOrder,
    door: Door,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const openings = await journal.openings({ unit, door, since: sentAt }, signal);
    // Asked for afterwards: whatever opened was committed as handed over before it did.
    return openings.length > 0 && isUnaccountedFor(openings, await others());
  };

  return async (order, signal): Promise<Outcome> => {
    const door = order.accessPoint.v1;
    if (!door) return { is: 'ambiguous', next: 'nothing' };
    const limit = later(order.sentAt, ARRIVAL_LIMIT_MS);
    const now = session.clock();
    try {
      if (await isInJournal(order, door, signal)) return { is: 'succeeded' };
      if (now < limit) {
        const left = limit.getTime() - now.getTime();
        return { is: 'ambiguous', next: 'ask', retryAfterMs: Math.min(LOOK_EVERY_MS, left) };
      }
      await pause(SECOND_LOOK_MS, signal);
      return (await isInJournal(order, door, signal)) ? { is: 'succeeded' } : { is: 'ambiguous', next: 'nothing' };
    } catch (error) {
      if (!(error instanceof PlatformFault) && !signal.aborted) throw error;
      const retryAfterMs = error instanceof PlatformFault ? error.fault.retryAfterMs : undefined;
      return { is: 'ambiguous', next: 'ask', ...(retryAfterMs !== undefined && { retryAfterMs }) };
    }
  };
};

/** @param pause waits; only a test gives another. */
export const createAccessV1 = (session: V1Session, pause: Pause = pauseFor): Access => ({
  version: 'v1',
  accessPoints: async (unit, signal) => {
    try {
      const data = await session.call({
        method: 'GET',
        path: `/houses/${unit.siteId}/doors?flatId=${unit.flatId}`,
        route: '/houses/{houseId}/doors',
        siteId: unit.siteId,
        signal: AbortSignal.any([signal, AbortSignal.timeout(READ_LIMIT_MS)]),
      });
      const parsed = z.array(door).safeParse(data ?? []);
      if (!parsed.success) throw contractBroken(parsed.error);
      return parsed.data.map(toState);
    } catch (error) {
      // "Nothing here" is a 404 in the first version.
      if (error instanceof PlatformFault && error.fault.status === 404) return [];
      throw error;
    }
  },
  open: async (order, signal) => {
    const { v1 } = order.accessPoint;
    if (!v1) return { is: 'failed', code: 'CAPABILITY_MISSING' };
    try {
      await session.call({
        method: 'POST',
        path: `/domophones/${v1.domophoneId}/open`,
        route: '/domophones/{id}/open',
        siteId: order.unit.siteId,
        json: { doorId: v1.doorId, flatId: order.unit.flatId },
        signal: AbortSignal.any([signal, AbortSignal.timeout(OPEN_LIMIT_MS)]),
        notAfter: order.notAfter,
      });
      return { is: 'succeeded' };
    } catch (error) {
      // There is no key to recognise a repeat by: sent once, never again.
      return outcomeOf(error, { repeatable: false, next: 'ask' });
    }
  },
  outcome: createOutcome(session, pause),
  // The first version knows flats, not people: whoever may no longer open is refused by us.
  removeSubject: async () => ({ is: 'succeeded' }),
});
