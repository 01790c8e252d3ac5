import { z } from 'zod';
import { contractBroken } from '../client.ts';
import { outcomeOf, PlatformFault } from '../faults.ts';
import type { Access, AccessPointKind, AccessPointState } from '../platform.ts';
import type { V1Session } from './session.ts';

const READ_LIMIT_MS = 2_000;
/** The first version opens while the caller waits, for up to five seconds. */
const OPEN_LIMIT_MS = 5_500;

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

export const createAccessV1 = (session: V1Session): Access => ({
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
      return outcomeOf(error, { repeatable: false, next: 'nothing' });
    }
  },
  outcome: async () => ({ is: 'ambiguous', next: 'nothing' }),
  // The first version knows flats, not people: whoever may no longer open is refused by us.
  removeSubject: async () => ({ is: 'succeeded' }),
});
