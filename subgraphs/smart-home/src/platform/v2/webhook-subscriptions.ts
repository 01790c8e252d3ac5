/** Where the platform tells us what has happened: subscriptions of the second version. The first has none. */
import { z } from 'zod';
import { contractBroken, headerOf, jsonOf } from '../client.ts';
import { readPages } from './access.ts';
import { isNotFound } from './operations.ts';
import type { V2Session } from './session.ts';

const CALL_LIMIT_MS = 4_000;
const PATH = '/webhook-subscriptions';
const ROUTE = `${PATH}/{id}`;

const subscription = z.object({
  id: z.string().min(1),
  url: z.string(),
  status: z.enum(['pending', 'active', 'paused']),
});
const list = z.object({ items: z.array(subscription), next: z.string().nullish() });
const secret = z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/);
const created = subscription.extend({ secret: secret.nullable() });
const rotated = z.object({
  secret: secret.nullable(),
  previousValidUntil: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
});

export type Subscription = z.output<typeof subscription>;

/** Every call rejects with `PlatformFault`. A key is one intention (platform.md §5.2). */
export type WebhookSubscriptions = {
  read(id: string, signal: AbortSignal): Promise<Subscription | undefined>;
  /** Ours for this address. */
  find(url: string, signal: AbortSignal): Promise<Subscription | undefined>;
  /** To everything at every site. The secret is told once: null in the answer to a repeat. */
  create(url: string, key: string, signal: AbortSignal): Promise<{ subscription: Subscription; secret: string | null }>;
  /** Tells it to deliver there: one that was paused goes on, one that was not proven is challenged again. */
  revive(id: string, url: string, key: string, signal: AbortSignal): Promise<Subscription>;
  /** From now on deliveries are signed by the new secret, and by the one before as well until then. */
  rotate(id: string, key: string, signal: AbortSignal): Promise<z.output<typeof rotated>>;
  /** Delivers again what happened since; 30 days at most. */
  replay(id: string, from: Date, signal: AbortSignal): Promise<void>;
};

const parse = <T>(schema: z.ZodType<T>, content: unknown): T => {
  const parsed = schema.safeParse(content);
  if (!parsed.success) throw contractBroken(parsed.error);
  return parsed.data;
};
const pathOf = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;

/** No door waits for these calls, and none is to stand still because of one of them: their guard is their own. */
const guarded = (session: V2Session): V2Session => ({
  ...session,
  call: (request) => session.call({ ...request, guardedAs: 'webhooks' }),
});

export const createWebhookSubscriptions = (unguarded: V2Session): WebhookSubscriptions => {
  const session = guarded(unguarded);
  const bounded = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]);
  const get = (id: string, signal: AbortSignal) =>
    session.call({ method: 'GET', path: pathOf(id), route: ROUTE, signal: bounded(signal) });
  return {
    read: async (id, signal) => {
      try {
        return parse(subscription, jsonOf(await get(id, signal)));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    find: async (url, signal) =>
      (await readPages(session, { path: PATH, route: PATH, signal: bounded(signal) }, list)).find(
        (candidate) => candidate.url === url,
      ),
    create: async (url, key, signal) => {
      const answer = await session.call({
        method: 'POST',
        path: PATH,
        route: PATH,
        headers: { 'idempotency-key': key },
        json: { url, types: null, siteIds: null },
        signal: bounded(signal),
      });
      const { secret: told, ...made } = parse(created, jsonOf(answer));
      return { subscription: made, secret: told };
    },
    revive: async (id, url, key, signal) => {
      const current = await get(id, signal);
      const answer = await session.call({
        method: 'PATCH',
        path: pathOf(id),
        route: ROUTE,
        headers: {
          'idempotency-key': key,
          'if-match': headerOf(current, 'etag') ?? '*',
          'content-type': 'application/merge-patch+json',
        },
        json: { url, status: 'active' },
        signal: bounded(signal),
      });
      return parse(subscription, jsonOf(answer));
    },
    rotate: async (id, key, signal) => {
      const answer = await session.call({
        method: 'POST',
        path: `${pathOf(id)}:rotate-secret`,
        route: `${ROUTE}:rotate-secret`,
        headers: { 'idempotency-key': key },
        signal: bounded(signal),
      });
      return parse(rotated, jsonOf(answer));
    },
    replay: async (id, from, signal) => {
      await session.call({
        method: 'POST',
        path: `${pathOf(id)}:replay?from=${encodeURIComponent(from.toISOString())}`,
        route: `${ROUTE}:replay`,
        signal: bounded(signal),
      });
    },
  };
};
