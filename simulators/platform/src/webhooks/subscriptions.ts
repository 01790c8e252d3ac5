/**
 * Who wants to be told of what, and under which secret. Subscriptions outlive a reset of the world, as who may call
 * does; what was to be delivered of the old world does not.
 */
import { randomBytes } from 'node:crypto';
import { type Clock, later } from '@house/kernel/clock';
import type { PlatformEvent } from '../event-log.ts';
import { createId } from '../ids.ts';
import type { Keep } from '../state/records.ts';

/** How long deliveries carry both signatures after a rotation. */
const OVERLAP_MS = 24 * 60 * 60 * 1000;

/** What its client says. */
export type SubscriptionTerms = {
  url: string;
  /** All when null. */
  types: readonly string[] | null;
  siteIds: readonly number[] | null;
};
export type Subscription = SubscriptionTerms & {
  readonly id: string;
  readonly clientId: string;
  status: 'pending' | 'active' | 'paused';
  readonly createdAt: string;
  pausedAt: string | null;
  /** Whether this address has answered its challenge. */
  proven: boolean;
  /** `whsec_` and base64. */
  secret: string;
  previous: { secret: string; validUntil: string } | null;
};

export type Subscriptions = {
  add(clientId: string, terms: SubscriptionTerms): Subscription;
  /** Another client's is unknown. */
  own(clientId: string, id: string): Subscription | undefined;
  of(clientId: string): readonly Subscription[];
  /** Active ones that want this event. */
  wanting(event: PlatformEvent): readonly Subscription[];
  change(subscription: Subscription, change: Partial<Subscription>): void;
  /** `validUntil` is that of the secret before. */
  rotate(subscription: Subscription): { secret: string; validUntil: string };
  remove(id: string): void;
  find(id: string): Subscription | undefined;
  all(): readonly Subscription[];
  /** As they were changed before the process began. */
  restore(subscription: Subscription): void;
  restoreRemoval(id: string): void;
  /** Goes on in a new world. */
  begin(keep: Keep): void;
};

const createSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export const wants = ({ types, siteIds }: SubscriptionTerms, { type, siteId }: PlatformEvent): boolean =>
  (types === null || types.includes(type)) && (siteIds === null || siteIds.includes(siteId));

/** Those by which a delivery is signed now. */
export const secretsOf = ({ secret, previous }: Subscription, now: Date): readonly string[] =>
  previous && new Date(previous.validUntil) > now ? [secret, previous.secret] : [secret];

export const createSubscriptions = ({ clock }: { clock: Clock }): Subscriptions => {
  const subscriptions = new Map<string, Subscription>();
  let keep: Keep = () => undefined;
  const keepOne = (subscription: Subscription): void => keep({ is: 'webhook', subscription: { ...subscription } });
  const change = (subscription: Subscription, members: Partial<Subscription>): void => {
    Object.assign(subscription, members);
    keepOne(subscription);
  };
  return {
    add(clientId, terms) {
      const subscription: Subscription = {
        ...terms,
        id: createId('wh'),
        clientId,
        status: 'pending',
        createdAt: clock().toISOString(),
        pausedAt: null,
        proven: false,
        secret: createSecret(),
        previous: null,
      };
      subscriptions.set(subscription.id, subscription);
      keepOne(subscription);
      return subscription;
    },
    own(clientId, id) {
      const subscription = subscriptions.get(id);
      return subscription?.clientId === clientId ? subscription : undefined;
    },
    of: (clientId) => [...subscriptions.values()].filter((subscription) => subscription.clientId === clientId),
    wanting: (event) =>
      [...subscriptions.values()].filter(
        (subscription) => subscription.status === 'active' && wants(subscription, event),
      ),
    change,
    rotate(subscription) {
      const validUntil = later(clock(), OVERLAP_MS).toISOString();
      const secret = createSecret();
      change(subscription, { secret, previous: { secret: subscription.secret, validUntil } });
      return { secret, validUntil };
    },
    remove(id) {
      subscriptions.delete(id);
      keep({ is: 'webhook-removed', id });
    },
    find: (id) => subscriptions.get(id),
    all: () => [...subscriptions.values()],
    restore: (subscription) => void subscriptions.set(subscription.id, subscription),
    restoreRemoval: (id) => void subscriptions.delete(id),
    begin(fresh) {
      keep = fresh;
      for (const subscription of subscriptions.values()) keepOne(subscription);
    },
  };
};
