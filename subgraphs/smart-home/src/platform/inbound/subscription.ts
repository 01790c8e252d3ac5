/**
 * Keeps one subscription for all processes of the database: that it is there, delivers to our address, and is signed by a
 * secret that we know and that is not too old. Whatever stops half way is found by the next look: the platform says what
 * it has, and a secret that nobody has kept is replaced.
 */
import type { Clock, Random } from '@house/kernel/clock';
import { later } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import type { Subscription, WebhookSubscriptions } from '../v2/webhook-subscriptions.ts';
import type { Secrets } from './secrets.ts';
import type { InboundStore } from './store.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const ROTATE_AFTER_MS = 30 * DAY_MS;
/** One that is in order is looked at again after this, by whichever process. */
export const LOOK_EVERY_MS = 5 * 60_000;
/** A look makes a handful of calls, each with a limit of its own. */
const LOOK_LIMIT_MS = 20_000;
const CLAIM_MS = LOOK_LIMIT_MS + 5_000;
/** Of one that was replaced whole: what is still on its way was signed before. */
const IN_FLIGHT_MS = 5 * 60_000;
/** The platform challenges again by itself, but later and later. */
const CHALLENGE_AGAIN_MS = 30_000;
/** What a paused subscription has lost began when the first of its attempts failed, 27.6 hours before (§5.6). */
const ATTEMPTS_MS = 28 * 60 * 60 * 1_000;
/** The platform keeps 30 days. */
const REPLAYED_MS = 29 * DAY_MS;

export type SubscriptionKeeper = {
  /** True: it is in order, as far as anybody knows. @throws PlatformFault, or what the database throws. */
  look(url: string, signal: AbortSignal): Promise<boolean>;
  /** Delivers again what happened since. False: there is no subscription. @throws PlatformFault */
  replay(from: Date, signal: AbortSignal): Promise<boolean>;
};

/** Says it once when it begins to be in order. */
const createTold = (log: Log) => {
  let before = false;
  return (isInOrder: boolean, url: string): boolean => {
    if (isInOrder && !before) log.info('webhooks-active', { address: url });
    before = isInOrder;
    return isInOrder;
  };
};

export const createSubscriptionKeeper = ({
  subscriptions,
  store,
  secrets,
  clock,
  random,
  log,
}: {
  subscriptions: WebhookSubscriptions;
  store: InboundStore;
  secrets: Secrets;
  clock: Clock;
  random: Random;
  log: Log;
}): SubscriptionKeeper => {
  const newKey = (): string => Buffer.from(random(18)).toString('base64url');
  let challengedAt = Number.NEGATIVE_INFINITY;
  /** What another process has found, maybe an earlier one of ours, says nothing about our address. */
  let hasLooked = false;
  const told = createTold(log);

  const remember = async (id: string, secret: string, previousUntil: Date): Promise<void> => {
    await store.remember(id, secret, previousUntil);
    secrets.changed();
  };

  const rotate = async (id: string, signal: AbortSignal): Promise<void> => {
    const { secret, previousValidUntil } = await subscriptions.rotate(id, newKey(), signal);
    if (secret === null) throw new Error('a fresh key was answered like a repeat');
    await remember(id, secret, previousValidUntil);
    log.info('webhook-secret-rotated');
  };

  const subscribe = async (url: string, signal: AbortSignal): Promise<Subscription> => {
    // Ours already, when the answer to its creation was lost.
    const found = await subscriptions.find(url, signal);
    const { subscription, secret } = found
      ? { subscription: found, secret: null }
      : await subscriptions.create(url, newKey(), signal);
    challengedAt = clock().getTime();
    await store.name(subscription.id);
    if (secret !== null) await remember(subscription.id, secret, later(clock(), IN_FLIGHT_MS));
    log.info('webhooks-subscribed', { address: url });
    return subscription;
  };

  const isRotationDue = async (id: string): Promise<boolean> => {
    const current = (await store.secrets()).find(
      ({ subscriptionId, validUntil }) => subscriptionId === id && validUntil === null,
    );
    // Either way: one that lies in the future is of a clock that has been set back.
    return !current || Math.abs(clock().getTime() - current.since.getTime()) >= ROTATE_AFTER_MS;
  };

  const replaySince = async (id: string, from: Date, signal: AbortSignal): Promise<void> => {
    const earliest = later(clock(), -REPLAYED_MS);
    await subscriptions.replay(id, from > earliest ? from : earliest, signal);
  };

  /** What it has lost meanwhile is asked for. */
  const resume = async ({ id }: Subscription, url: string, signal: AbortSignal): Promise<Subscription> => {
    // It may have been paused because we refuse what it is signed by.
    await rotate(id, signal);
    const revived = await subscriptions.revive(id, url, newKey(), signal);
    log.warn('webhooks-resumed', { address: url });
    if (revived.status === 'active')
      await replaySince(id, (await store.wholeSince()) ?? later(clock(), -ATTEMPTS_MS), signal);
    return revived;
  };

  const putInOrder = async (known: string | null, url: string, signal: AbortSignal): Promise<boolean> => {
    let subscription = (known && (await subscriptions.read(known, signal))) || (await subscribe(url, signal));
    const { id } = subscription;
    if (subscription.status === 'paused') subscription = await resume(subscription, url, signal);
    else if (await isRotationDue(id)) await rotate(id, signal);
    const isUnheard = (): boolean => Math.abs(clock().getTime() - challengedAt) >= CHALLENGE_AGAIN_MS;
    if (subscription.url !== url || (subscription.status === 'pending' && isUnheard())) {
      subscription = await subscriptions.revive(id, url, newKey(), signal);
      challengedAt = clock().getTime();
    }
    return subscription.status === 'active';
  };

  return {
    look: async (url, signal) => {
      const now = clock();
      const claim = later(now, CLAIM_MS);
      const lookedAfter = hasLooked ? later(now, -LOOK_EVERY_MS) : now;
      const taken = await store.claim(claim, lookedAfter);
      if (!taken) return told(await store.wasInOrder(lookedAfter), url);
      let isInOrder = false;
      try {
        isInOrder = await putInOrder(
          taken.subscriptionId,
          url,
          AbortSignal.any([signal, AbortSignal.timeout(LOOK_LIMIT_MS)]),
        );
        hasLooked = true;
      } finally {
        await store.release(claim, isInOrder ? clock() : null);
      }
      return told(isInOrder, url);
    },
    replay: async (from, signal) => {
      const current = (await store.secrets()).find(({ validUntil }) => validUntil === null);
      if (current) await replaySince(current.subscriptionId, from, signal);
      return current !== undefined;
    },
  };
};
