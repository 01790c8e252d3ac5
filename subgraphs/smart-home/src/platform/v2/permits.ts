/** The number plates of a unit as the second version keeps them: permits with names of their own. */
import { z } from 'zod';
import { headerOf, type PlatformAnswer } from '../client.ts';
import { PlatformFault } from '../faults.ts';
import type { PlateOrder } from '../platform.ts';
import { readPages } from './access.ts';
import type { V2Session } from './session.ts';

const CALL_LIMIT_MS = 4_000;

const permit = z.object({ id: z.string(), plate: z.object({ country: z.string(), canonical: z.string() }) });
const list = z.object({ items: z.array(permit), next: z.string().nullish() });

export const isGone = (error: unknown): boolean =>
  error instanceof PlatformFault && (error.fault.status === 404 || error.fault.status === 410);

export const bounded = (signal: AbortSignal): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]);

/** A look that came to nothing has changed nothing. */
export const looking = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PlatformFault && error.fault.effect === 'possible')
      throw new PlatformFault({ ...error.fault, effect: 'unsent' }, error);
    throw error;
  }
};

export type Permits = {
  /** The names of those for the plate, but for those that are known to be other people's. */
  look(order: PlateOrder, signal: AbortSignal): Promise<string[]>;
  /** The one that the platform has from us without our knowing its name; none when it may as well be another person's. */
  find(order: PlateOrder, signal: AbortSignal): Promise<string | undefined>;
  /** False: there is no such permit any more. */
  update(order: PlateOrder, id: string, terms: unknown, signal: AbortSignal): Promise<boolean>;
  remove(order: PlateOrder, id: string, signal: AbortSignal): Promise<PlatformAnswer>;
};

export const createPermits = (session: V2Session): Permits => {
  const look: Permits['look'] = async ({ unit, plate, others }, signal) => {
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
    return permits
      .filter(({ plate: { country, canonical } }) => country === plate.country && canonical === plate.canonical)
      .flatMap(({ id }) => (others.includes(id) ? [] : id));
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
    const current = await looking(session.call({ method: 'GET', path, route, siteId, signal: bounded(signal) }));
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

  return {
    look,
    find: async (order, signal) =>
      order.told && !order.others.includes(null) ? (await looking(look(order, signal)))[0] : undefined,
    update: async (order, id, terms, signal) => {
      try {
        await onPermit(order, id, 'PATCH', signal, terms);
        return true;
      } catch (error) {
        if (isGone(error)) return false;
        // It arrived under this key with other terms; those of now are brought by the later command that changed them.
        if (error instanceof PlatformFault && error.fault.problem === 'idempotency-key-reused') return true;
        throw error;
      }
    },
    remove: (order, id, signal) => onPermit(order, id, 'DELETE', signal),
  };
};
