import { later } from '@house/kernel/clock';
import type { Outcome } from '@house/kernel/outbox';
import { z } from 'zod';
import { ARRIVAL_LIMIT_MS } from '../arrival.ts';
import { contractBroken } from '../client.ts';
import { outcomeOf, PlatformFault } from '../faults.ts';
import type { PlateOrder, PlateOutcome, Vehicles } from '../platform.ts';
import type { V1Session } from './session.ts';

const CALL_LIMIT_MS = 4_000;
/** An older list is not written back: our claim may have gone to another worker, who has changed it since. */
const LIST_AGE_LIMIT_MS = 2_500;

const carsData = z.object({ cars: z.string() });

/** With these it refuses the list that it is sent; with others the flat, the account or the request. */
const OF_LIST: ReadonlySet<number> = new Set([400, 409, 422]);

/** A list that is read, merged and written whole may be written again: the second time nothing changes. */
const ALLOWED = { repeatable: true, next: 'repeat' } as const;

/**
 * The first version keeps the plates of a flat as one text. Others write it too, so a change is read-merge-write; two
 * of ours never overlap because commands of one unit are delivered in order, one at a time.
 */
export const createVehiclesV1 = (session: V1Session): Vehicles => {
  const call = (
    order: PlateOrder,
    method: 'GET' | 'PUT',
    signal: AbortSignal,
    change?: { json: unknown; notAfter: Date },
  ): Promise<unknown> =>
    session.call({
      method,
      path: `/flats/${order.unit.flatId}/cars`,
      route: '/flats/{id}/cars',
      siteId: order.unit.siteId,
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]),
      ...change,
    });

  const read = async (order: PlateOrder, signal: AbortSignal): Promise<string[]> => {
    try {
      const data = await call(order, 'GET', signal);
      if (data === undefined) return [];
      const parsed = carsData.safeParse(data);
      if (!parsed.success) throw contractBroken(parsed.error);
      return parsed.data.cars.split('\n').filter((line) => line.trim() !== '');
    } catch (error) {
      if (error instanceof PlatformFault && error.fault.status === 404) return [];
      throw error;
    }
  };

  const change = async (
    order: PlateOrder,
    signal: AbortSignal,
    merge: (cars: string[]) => string[],
  ): Promise<PlateOutcome> => {
    let isWriting = false;
    try {
      const readAt = session.clock();
      const cars = await read(order, signal);
      const merged = merge(cars);
      isWriting = merged.length !== cars.length;
      if (isWriting)
        await call(order, 'PUT', signal, {
          json: { cars: merged.join('\n') },
          notAfter: later(readAt, LIST_AGE_LIMIT_MS),
        });
      return { is: 'succeeded' };
    } catch (error) {
      const outcome = outcomeOf(error, ALLOWED);
      const status = error instanceof PlatformFault ? error.fault.status : undefined;
      const isOfPlate = isWriting && outcome.is === 'failed' && status !== undefined && OF_LIST.has(status);
      return isOfPlate ? { ...outcome, isOfPlate } : outcome;
    }
  };

  /** Other people's lines are kept to the letter; ours is recognised whatever spaces and case it was written with. */
  const isSame = (line: string, canonical: string): boolean => line.replace(/[\s-]/g, '').toUpperCase() === canonical;

  /** Whether the plate stands in the list, for whoever asks what became of an earlier attempt. */
  const seek = async (order: PlateOrder, signal: AbortSignal, wanted: boolean): Promise<Outcome> => {
    try {
      const askedAt = session.clock();
      const isThere = (await read(order, signal)).some((line) => isSame(line, order.plate.canonical));
      if (isThere === wanted) return { is: 'succeeded' };
      const mayStillArrive = askedAt < later(order.sentAt, ARRIVAL_LIMIT_MS);
      return { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true, mayStillArrive };
    } catch (error) {
      if (error instanceof PlatformFault) return { is: 'ambiguous', next: 'ask' };
      throw error;
    }
  };

  /** A line that we never wrote, or that stands there for somebody else too. */
  const isNotOurs = ({ told, others }: PlateOrder): boolean => !told || others.length > 0;

  const isLimited = ({ validFrom, validUntil, autoOpen, everywhere }: PlateOrder, now: Date): boolean =>
    validUntil !== null || validFrom > now || !autoOpen || !everywhere;

  return {
    version: 'v1',
    // Accepted when the second version served, which could keep a limit that this one would drop.
    add: async (order, signal) =>
      isLimited(order, session.clock())
        ? { is: 'failed', code: 'CAPABILITY_MISSING' }
        : change(order, signal, (cars) =>
            cars.some((line) => isSame(line, order.plate.canonical)) ? cars : [...cars, order.plate.canonical],
          ),
    added: (order, signal) => seek(order, signal, true),
    remove: async (order, signal) =>
      isNotOurs(order)
        ? { is: 'succeeded' }
        : change(order, signal, (cars) => cars.filter((line) => !isSame(line, order.plate.canonical))),
    removed: async (order, signal) => (isNotOurs(order) ? { is: 'succeeded' } : seek(order, signal, false)),
  };
};
