import { z } from 'zod';
import type { Pause } from '../arrival.ts';
import { contractBroken, jsonOf, type PlatformAnswer } from '../client.ts';
import { beforeSending, outcomeOf } from '../faults.ts';
import type {
  Access,
  AccessPointKind,
  AccessPointRef,
  AccessPointState,
  Actuation,
  Connectivity,
  OpenMethod,
  OpenOrder,
  Unit,
} from '../platform.ts';
import { createOpenOutcome } from './open-outcome.ts';
import { isNotFound, openOutcomeOf, operationState } from './operations.ts';
import type { V2Session } from './session.ts';

const READ_LIMIT_MS = 2_000;
/** A platform that does not answer by then is asked about the key instead of being waited for. */
const OPEN_LIMIT_MS = 2_000;

const upper = <T extends string>(value: string): T => value.toUpperCase() as T;
const accessPoint = z.object({
  id: z.string(),
  legacyId: z.string().nullish(),
  kind: z
    .enum(['entrance', 'wicket', 'gate', 'barrier', 'elevator', 'apartment_door', 'parking'])
    .transform(upper<AccessPointKind>),
  name: z.string(),
  actuation: z.enum(['momentary', 'toggle', 'latched']).transform(upper<Actuation>),
  methods: z
    .array(z.enum(['app', 'pin', 'qr', 'guest_link', 'face', 'plate', 'rfid', 'call', 'concierge', 'scenario']))
    .transform((methods) => methods.map(upper<OpenMethod>)),
  connectivity: z.enum(['online', 'offline', 'unknown']).transform(upper<Connectivity>),
  asOf: z.iso.datetime({ offset: true }).nullish(),
  holdSeconds: z.number().nullish(),
  blockedReason: z.string().nullish(),
});
const list = z.object({ items: z.array(accessPoint), next: z.string().nullish() });

/** `1701/0` → the first version's names. */
const legacyRef = (legacyId: string | null | undefined) => {
  const [domophoneId, doorId] = (legacyId ?? '').split('/').map(Number);
  return Number.isInteger(domophoneId) && Number.isInteger(doorId)
    ? { v1: { domophoneId: domophoneId as number, doorId: doorId as number } }
    : {};
};

const toState = (item: z.output<typeof accessPoint>): AccessPointState => ({
  ref: { v2: item.id, ...legacyRef(item.legacyId) },
  kind: item.kind,
  name: item.name,
  actuation: item.actuation,
  ...(typeof item.holdSeconds === 'number' && { holdMs: item.holdSeconds * 1_000 }),
  connectivity: item.connectivity,
  asOf: item.asOf ? new Date(item.asOf) : null,
  blockedReason: item.blockedReason ?? null,
  allowedMethods: item.methods,
});

/** A unit reaches a handful of points; a list that does not end after this many pages goes in circles. */
const PAGES = 10;

/** Walks a list to its end. @throws PlatformFault when a page does not fit the contract or the list does not end. */
export const readPages = async <T>(
  session: V2Session,
  request: { path: string; route: string; siteId?: number; signal: AbortSignal },
  page: z.ZodType<{ items: T[]; next?: string | null | undefined }>,
): Promise<T[]> => {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let turn = 0; turn < PAGES; turn += 1) {
    const query = `?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
    const parsed = page.safeParse(
      jsonOf(await session.call({ ...request, method: 'GET', path: request.path + query })),
    );
    if (!parsed.success) throw contractBroken(parsed.error);
    items.push(...parsed.data.items);
    if (!parsed.data.next || parsed.data.next === cursor) return items;
    cursor = parsed.data.next;
  }
  throw contractBroken(new Error(`a list of more than ${PAGES} pages`));
};

const readAccessPoints = (session: V2Session, unit: Unit, signal: AbortSignal): Promise<AccessPointState[]> =>
  readPages(
    session,
    {
      path: `/units/${encodeURIComponent(unit.unitId)}/access-points`,
      route: '/units/{id}/access-points',
      siteId: unit.siteId,
      signal: AbortSignal.any([signal, AbortSignal.timeout(READ_LIMIT_MS)]),
    },
    list,
  ).then((items) => items.map(toState));

/** The second version's names of points that may have been seen by the first only; those that it does not know are left out. */
export const readNames = async (
  session: V2Session,
  unit: Unit,
  refs: readonly AccessPointRef[],
  signal: AbortSignal,
): Promise<string[]> => {
  const states = refs.every(({ v2 }) => v2) ? [] : await readAccessPoints(session, unit, signal);
  return refs.flatMap(({ v1, v2 }) => {
    const found = states.find(({ ref }) => ref.v1?.domophoneId === v1?.domophoneId && ref.v1?.doorId === v1?.doorId);
    return v2 ?? found?.ref.v2 ?? [];
  });
};

/** @param pause waits; only a test gives another. */
export const createAccessV2 = (session: V2Session, pause?: Pause): Access => {
  const allowed = (order: OpenOrder) => ({ repeatable: order.actuation === 'MOMENTARY', next: 'ask' as const });

  return {
    version: 'v2',
    accessPoints: (unit, signal) => readAccessPoints(session, unit, signal),
    open: async (order, signal) => {
      try {
        const [name] = await beforeSending(readNames(session, order.unit, [order.accessPoint], signal));
        if (!name) return { is: 'failed', code: 'REFUSED_BY_PLATFORM' };
        const answer: PlatformAnswer = await session.call({
          method: 'POST',
          path: `/access-points/${encodeURIComponent(name)}/open`,
          route: '/access-points/{id}/open',
          siteId: order.unit.siteId,
          headers: { 'idempotency-key': order.key, 'expires-at': order.notAfter.toISOString() },
          json: {
            subjectRef: order.subjectRef,
            unitId: order.unit.unitId,
            reason: 'app',
            deadline: order.notAfter.toISOString(),
          },
          signal: AbortSignal.any([signal, AbortSignal.timeout(OPEN_LIMIT_MS)]),
          notAfter: order.notAfter,
        });
        return openOutcomeOf(operationState(jsonOf(answer)));
      } catch (error) {
        return outcomeOf(error, allowed(order));
      }
    },
    outcome: createOpenOutcome(session, pause),
    removeSubject: async ({ unit, subjectRef }, signal) => {
      try {
        await session.call({
          method: 'DELETE',
          path: `/units/${encodeURIComponent(unit.unitId)}/subjects/${encodeURIComponent(subjectRef)}`,
          route: '/units/{id}/subjects/{subjectRef}',
          siteId: unit.siteId,
          signal: AbortSignal.any([signal, AbortSignal.timeout(READ_LIMIT_MS)]),
        });
        return { is: 'succeeded' };
      } catch (error) {
        if (isNotFound(error)) return { is: 'succeeded' };
        return outcomeOf(error, { repeatable: true, next: 'repeat' });
      }
    },
  };
};
