import { z } from 'zod';
import { headerOf, jsonOf, type PlatformAnswer } from '../client.ts';
import { outcomeOf, PlatformFault } from '../faults.ts';
import type { PlateOrder, PlateOutcome, Vehicles } from '../platform.ts';
import { readPages } from './access.ts';
import { operationOutcome } from './operations.ts';
import type { V2Session } from './session.ts';

const CALL_LIMIT_MS = 4_000;

const permit = z.object({ id: z.string(), plate: z.object({ country: z.string(), canonical: z.string() }) });
const list = z.object({ items: z.array(permit), next: z.string().nullish() });

/** The same key may always be sent again: the platform keeps it and answers the first operation. */
const ALLOWED = { repeatable: true, next: 'repeat' } as const;

const terms = (order: PlateOrder) => ({
  points: order.accessPoints.flatMap(({ v2 }) => (v2 ? [v2] : [])),
  validFrom: order.validFrom.toISOString(),
  validUntil: order.validUntil?.toISOString() ?? null,
  autoOpen: order.autoOpen,
});

/** The operation's outcome, with the platform's name of the permit once it has one. */
const plateOutcome = (body: unknown): PlateOutcome => {
  const { outcome, result } = operationOutcome(body, ALLOWED);
  const { vehiclePermitId } = result;
  return outcome.is === 'succeeded' && typeof vehiclePermitId === 'string'
    ? { ...outcome, platformRef: vehiclePermitId }
    : outcome;
};

export const createVehiclesV2 = (session: V2Session): Vehicles => {
  const bounded = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]);

  const find = async ({ unit, plate }: PlateOrder, signal: AbortSignal): Promise<string | undefined> => {
    const permits = await readPages(
      session,
      {
        path: `/units/${encodeURIComponent(unit.unitId)}/vehicle-permits`,
        route: '/units/{id}/vehicle-permits',
        siteId: unit.siteId,
        signal: bounded(signal),
      },
      list,
    );
    return permits.find((found) => found.plate.country === plate.country && found.plate.canonical === plate.canonical)
      ?.id;
  };

  /** Changes the permit as it stands now: read, then write under its entity tag (RFC 9110 §13.1.1). */
  const onPermit = async (
    order: PlateOrder,
    id: string,
    method: 'PATCH' | 'DELETE',
    signal: AbortSignal,
    json?: unknown,
  ): Promise<PlatformAnswer> => {
    const path = `/vehicle-permits/${encodeURIComponent(id)}`;
    const route = '/vehicle-permits/{id}';
    const { siteId } = order.unit;
    const current = await session.call({ method: 'GET', path, route, siteId, signal: bounded(signal) });
    return session.call({
      method,
      path,
      route,
      siteId,
      headers: {
        'idempotency-key': order.key,
        'if-match': headerOf(current, 'etag') ?? '*',
        ...(method === 'PATCH' && { 'content-type': 'application/merge-patch+json' }),
      },
      signal: bounded(signal),
      ...(json !== undefined && { json }),
    });
  };

  const byKey = async (order: PlateOrder, key: string, signal: AbortSignal): Promise<PlateOutcome> => {
    try {
      const answer = await session.call({
        method: 'GET',
        path: `/operations/by-key/${encodeURIComponent(key)}`,
        route: '/operations/by-key/{key}',
        siteId: order.unit.siteId,
        signal: bounded(signal),
      });
      return plateOutcome(jsonOf(answer));
    } catch (error) {
      // No trace, or no answer about it: the same key goes out again and can do no harm.
      if (error instanceof PlatformFault) return { is: 'ambiguous', next: 'repeat' };
      throw error;
    }
  };

  return {
    version: 'v2',
    add: async (order, signal) => {
      try {
        if (order.platformRef) {
          await onPermit(order, order.platformRef, 'PATCH', signal, terms(order));
          return { is: 'succeeded' };
        }
        const answer = await session.call({
          method: 'POST',
          path: `/units/${encodeURIComponent(order.unit.unitId)}/vehicle-permits`,
          route: '/units/{id}/vehicle-permits',
          siteId: order.unit.siteId,
          headers: { 'idempotency-key': order.key },
          json: {
            plate: order.plate,
            ...terms(order),
          },
          signal: bounded(signal),
        });
        return plateOutcome(jsonOf(answer));
      } catch (error) {
        // An earlier attempt arrived, with terms that were changed since: what became of it is asked under its key.
        if (error instanceof PlatformFault && error.fault.problem === 'idempotency-key-reused')
          return { is: 'pending' };
        return outcomeOf(error, ALLOWED);
      }
    },
    added: (order, signal) => byKey(order, order.key, signal),
    remove: async (order, signal) => {
      try {
        const id = order.platformRef ?? (await find(order, signal));
        if (!id) return { is: 'succeeded' };
        const answer = await onPermit(order, id, 'DELETE', signal);
        return plateOutcome(jsonOf(answer));
      } catch (error) {
        const status = error instanceof PlatformFault ? error.fault.status : undefined;
        // Gone already: what was wanted is so.
        if (status === 404 || status === 410) return { is: 'succeeded' };
        // Changed between our look and our request: look again.
        if (status === 412) return { is: 'not-taken', code: 'REFUSED_BY_PLATFORM', repeatable: true };
        return outcomeOf(error, ALLOWED);
      }
    },
    removed: (order, signal) => byKey(order, order.key, signal),
  };
};
