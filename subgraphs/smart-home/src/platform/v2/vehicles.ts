import type { Outcome } from '@house/kernel/outbox';
import { z } from 'zod';
import { headerOf, jsonOf, type PlatformAnswer } from '../client.ts';
import { outcomeOf, PlatformFault } from '../faults.ts';
import type { PlateOrder, Vehicles } from '../platform.ts';
import { readNames, readPages } from './access.ts';
import { operationOutcome } from './operations.ts';
import type { V2Session } from './session.ts';

const CALL_LIMIT_MS = 4_000;

const permit = z.object({ id: z.string(), plate: z.object({ country: z.string(), canonical: z.string() }) });
const list = z.object({ items: z.array(permit), next: z.string().nullish() });

/** The same key may always be sent again: the platform keeps it and answers the first operation. */
const ALLOWED = { repeatable: true, next: 'repeat' } as const;

/** The operation's outcome, with the platform's name of the permit once it has one. */
const plateOutcome = (body: unknown): Outcome => {
  const { outcome, result } = operationOutcome(body);
  const { vehiclePermitId } = result;
  return outcome.is === 'succeeded' && typeof vehiclePermitId === 'string'
    ? { ...outcome, result: { platformRef: vehiclePermitId } }
    : outcome;
};

const faultOfPermit = (error: unknown): Outcome => {
  const fault = error instanceof PlatformFault ? error.fault : undefined;
  // Changed between our look and our request: look again.
  if (fault?.status === 412) return { is: 'not-taken', code: 'REFUSED_BY_PLATFORM', repeatable: true };
  // An earlier attempt arrived, and what it asked for has changed since: what became of it is asked under its key.
  if (fault?.problem === 'idempotency-key-reused') return { is: 'pending' };
  return outcomeOf(error, ALLOWED);
};

const isGone = (error: unknown): boolean =>
  error instanceof PlatformFault && (error.fault.status === 404 || error.fault.status === 410);

const bounded = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]);

/** The permit that the platform has from us without our knowing its name; none when it may as well be another person's. */
const createFind =
  (session: V2Session) =>
  async ({ unit, plate, told, others }: PlateOrder, signal: AbortSignal): Promise<string | undefined> => {
    if (!told || others.includes(null)) return undefined;
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
    return permits.find(
      ({ id, plate: { country, canonical } }) =>
        country === plate.country && canonical === plate.canonical && !others.includes(id),
    )?.id;
  };

export const createVehiclesV2 = (session: V2Session): Vehicles => {
  const find = createFind(session);

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

  /** False: there is no such permit any more. */
  const update = async (order: PlateOrder, id: string, signal: AbortSignal, terms: unknown): Promise<boolean> => {
    try {
      await onPermit(order, id, 'PATCH', signal, terms);
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      // It arrived under this key with other terms; those of now are brought by the later command that changed them.
      if (error instanceof PlatformFault && error.fault.problem === 'idempotency-key-reused') return true;
      throw error;
    }
  };

  const byKey = async (order: PlateOrder, signal: AbortSignal): Promise<Outcome> => {
    try {
      const answer = await session.call({
        method: 'GET',
        path: `/operations/by-key/${encodeURIComponent(order.key)}`,
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
        const points = await readNames(session, order.unit, order.accessPoints, bounded(signal));
        if (points.length === 0 || points.length < order.accessPoints.length)
          return { is: 'failed', code: 'CAPABILITY_MISSING' };
        const terms = {
          points,
          validFrom: order.validFrom.toISOString(),
          validUntil: order.validUntil?.toISOString() ?? null,
          autoOpen: order.autoOpen,
        };
        const known = order.platformRef ?? (await find(order, signal));
        if (known && (await update(order, known, signal, terms)))
          return { is: 'succeeded', result: { platformRef: known } };
        const answer = await session.call({
          method: 'POST',
          path: `/units/${encodeURIComponent(order.unit.unitId)}/vehicle-permits`,
          route: '/units/{id}/vehicle-permits',
          siteId: order.unit.siteId,
          headers: { 'idempotency-key': order.key },
          json: { plate: order.plate, ...terms },
          signal: bounded(signal),
        });
        return plateOutcome(jsonOf(answer));
      } catch (error) {
        return faultOfPermit(error);
      }
    },
    added: byKey,
    remove: async (order, signal) => {
      try {
        const id = order.platformRef ?? (await find(order, signal));
        if (!id) return { is: 'succeeded' };
        return plateOutcome(jsonOf(await onPermit(order, id, 'DELETE', signal)));
      } catch (error) {
        // Gone already: what was wanted is so.
        return isGone(error) ? { is: 'succeeded' } : faultOfPermit(error);
      }
    },
    removed: byKey,
  };
};
