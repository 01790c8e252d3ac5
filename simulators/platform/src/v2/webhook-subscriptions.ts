/** Webhook subscriptions of v2: a secret is told once, and an address gets nothing before it has proved itself. */
import { later } from '@house/kernel/clock';
import type { Answer, Call, Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import { mayBeTold } from '../webhooks/post.ts';
import type { Subscription, SubscriptionTerms } from '../webhooks/subscriptions.ts';
import { refuseOutdated, tagged } from './etag.ts';
import { page } from './page.ts';
import { problem } from './problem.ts';

const BASE = '/api/v2/webhook-subscriptions';
const MOST_PER_CLIENT = 100;
const REPLAYED_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

type Patch = Partial<SubscriptionTerms> & { status?: 'active' | 'paused' };

const present = ({ id, url, types, siteIds, status, createdAt, pausedAt }: Subscription) => ({
  id,
  url,
  types,
  siteIds,
  status,
  createdAt,
  pausedAt,
});

export const createWebhookHandlers = ({ webhooks, clock }: Simulation): Handlers => {
  const { subscriptions } = webhooks;
  const notFound = ({ traceId }: Call): Answer => problem('not-found', { traceId });
  const own = (call: Call): Subscription | undefined => subscriptions.own(call.clientId, String(call.params.id));
  const refuseUrl = ({ traceId }: Call, url: string | undefined): Answer | undefined =>
    url === undefined || mayBeTold(url) ? undefined : problem('invalid-request', { traceId, detail: 'body/url' });

  /** Revived where it was proven, challenged where it was not. */
  const changeOf = (subscription: Subscription, { status, ...terms }: Patch): Partial<Subscription> => {
    const proven = subscription.proven && (terms.url === undefined || terms.url === subscription.url);
    if (status === 'paused') return { ...terms, proven, status, pausedAt: clock().toISOString() };
    if (!proven) return { ...terms, proven, status: 'pending', pausedAt: null };
    return status === 'active' ? { ...terms, status, pausedAt: null } : terms;
  };

  return {
    listWebhookSubscriptions: (call) => page(subscriptions.of(call.clientId), present, call),

    createWebhookSubscription(call) {
      const { clientId, traceId } = call;
      const terms = call.body as SubscriptionTerms;
      const refusal = refuseUrl(call, terms.url);
      if (refusal) return refusal;
      if (subscriptions.of(clientId).length >= MOST_PER_CLIENT) return problem('state-conflict', { traceId });
      const subscription = subscriptions.add(clientId, terms);
      return {
        status: 201,
        headers: { Location: `${BASE}/${subscription.id}` },
        body: { ...present(subscription), secret: subscription.secret },
        repeatBody: { ...present(subscription), secret: null },
        concluded: () => webhooks.challenge(subscription),
      };
    },

    readWebhookSubscription(call) {
      const subscription = own(call);
      return subscription ? tagged(present(subscription), call) : notFound(call);
    },

    updateWebhookSubscription(call) {
      const subscription = own(call);
      if (!subscription) return notFound(call);
      const patch = call.body as Patch;
      const refusal = refuseUrl(call, patch.url) ?? refuseOutdated(present(subscription), call);
      if (refusal) return refusal;
      subscriptions.change(subscription, changeOf(subscription, patch));
      if (subscription.status !== 'active') webhooks.silence(subscription);
      return {
        ...tagged(present(subscription), call),
        concluded: () => {
          if (subscription.status === 'pending') webhooks.challenge(subscription);
        },
      };
    },

    deleteWebhookSubscription(call) {
      const subscription = own(call);
      if (!subscription) return notFound(call);
      subscriptions.remove(subscription.id);
      webhooks.silence(subscription);
      return { status: 204 };
    },

    rotateWebhookSecret(call) {
      const subscription = own(call);
      if (!subscription) return notFound(call);
      const { secret, validUntil } = subscriptions.rotate(subscription);
      return {
        status: 200,
        body: { secret, previousValidUntil: validUntil },
        repeatBody: { secret: null, previousValidUntil: validUntil },
      };
    },

    replayWebhooks(call) {
      const { traceId } = call;
      const subscription = own(call);
      if (!subscription) return notFound(call);
      const from = new Date(String(call.query.from));
      if (from < later(clock(), -REPLAYED_DAYS * DAY_MS)) return problem('gone', { traceId });
      if (subscription.status !== 'active') return problem('state-conflict', { traceId });
      return { status: 202, concluded: () => webhooks.replay(subscription, from) };
    },
  };
};
