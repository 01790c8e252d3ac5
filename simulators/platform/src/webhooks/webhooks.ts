/**
 * The platform's own voice (contract §5.6): subscriptions, the challenge that proves an address, and deliveries of what
 * has happened. Nobody is told of an event that a crash could take back, and a platform that stands still tells nobody.
 */
import { randomBytes } from 'node:crypto';
import { type Clock, later } from '@house/kernel/clock';
import type { EventLog, PlatformEvent } from '../event-log.ts';
import type { Faults } from '../faults.ts';
import { ulidFrom } from '../journal/ulid.ts';
import type { Stall } from '../stall.ts';
import type { Keep } from '../state/records.ts';
import type { Timers } from '../timers.ts';
import { createChallenges, type Message } from './challenges.ts';
import { createDeliveries, type Job } from './deliveries.ts';
import { createPost } from './post.ts';
import { createSubscriptions, type Subscription, type Subscriptions, secretsOf, wants } from './subscriptions.ts';

/** What of the time before its end a process may not have delivered. */
const RESUMED_MS = 300_000;
const PAGE = 100;

/** What of a simulation is told, and under which circumstances. */
export type Told = {
  keep: Keep;
  events: EventLog;
  faults: Faults;
  stall: Stall;
  /** Whether v2 tells of it. */
  visible: (event: PlatformEvent) => boolean;
  present: (event: PlatformEvent) => unknown;
};
/** How an event is delivered, when not once and in turn. */
export type Mishap = { duplicate?: number | undefined; reorder?: boolean | undefined };

export type Webhooks = {
  subscriptions: Subscriptions;
  /** An event that never happened, by somebody who does not know the secret. */
  forge(event: PlatformEvent): void;
  /** Asks the address to prove itself; it is active when it has. */
  challenge(subscription: Subscription): void;
  /** Everything since `from` again, under the same ids. */
  replay(subscription: Subscription, from: Date): void;
  /** Nothing more is delivered to it. */
  silence(subscription: Subscription): void;
  /** A new world, and by what it tells its events: what was to be told of the one before is not. */
  begin(told: Told): (event: PlatformEvent, mishap?: Mishap) => void;
  /** Goes on where the process before ended: some of it is told twice. */
  resume(): void;
  stop(): void;
};

function* since(from: string, { events, visible }: Told, wanted: (event: PlatformEvent) => boolean) {
  for (let after = from; ; ) {
    const page = events.page({ after, limit: PAGE, wanted: (event) => wanted(event) && visible(event) });
    if (page === 'gone') return;
    yield* page.events;
    if (page.events.length < PAGE) return;
    after = page.last;
  }
}

export const createWebhooks = (deps: {
  clock: Clock;
  timers: Timers;
  retryScale: number;
  /** Trusted besides the world's authorities. */
  ca: () => string;
  onDisk: () => Promise<void>;
}): Webhooks => {
  const { clock, timers, retryScale, onDisk } = deps;
  const subscriptions = createSubscriptions({ clock });
  const { post, close } = createPost({ ca: deps.ca });
  let told: Told | undefined;

  const send = async (subscription: Subscription, { id, body, forged }: Message) => {
    await onDisk();
    await told?.stall.passed();
    const now = clock();
    return post({
      url: subscription.url,
      id,
      body: JSON.stringify(body),
      timestampSeconds: Math.floor(now.getTime() / 1000),
      secrets: forged ? [randomBytes(32).toString('base64')] : secretsOf(subscription, now),
    });
  };

  const attempt = async (subscriptionId: string, { event, forged }: Job): Promise<boolean> => {
    const subscription = subscriptions.find(subscriptionId);
    if (!told || subscription?.status !== 'active') return true;
    const { faults, present } = told;
    const target = {
      method: 'POST',
      path: new URL(subscription.url).pathname,
      apiVersion: 'v2',
      siteIds: [event.siteId],
    } as const;
    const broken = faults.pick(target, 'bad-signature') !== undefined;
    const message = { id: event.id, body: present(event), forged: forged || broken };
    const status = await send(subscription, message).then(
      (answer) => answer.status,
      () => 0,
    );
    // Who forges does not try again.
    return forged || (status >= 200 && status < 300);
  };

  const pause = (subscriptionId: string): void => {
    const subscription = subscriptions.find(subscriptionId);
    if (subscription?.status === 'active')
      subscriptions.change(subscription, { status: 'paused', pausedAt: clock().toISOString() });
  };
  const deliveries = createDeliveries({ timers, retryScale, attempt, gaveUp: pause });

  const challenges = createChallenges({ timers, retryScale, send, subscriptions });
  const replay = (subscription: Subscription, from: Date): void => {
    if (told)
      deliveries.addAll(
        subscription.id,
        since(ulidFrom(from), told, (event) => wants(subscription, event)),
      );
  };

  return {
    subscriptions,
    forge(event) {
      for (const { id } of subscriptions.wanting(event)) deliveries.add(id, { event, forged: true });
    },
    challenge: challenges.begin,
    replay,
    silence({ id }) {
      challenges.end(id);
      deliveries.drop(id);
    },
    begin(world) {
      told = world;
      deliveries.dropAll();
      subscriptions.begin(world.keep);
      return (event, { duplicate = 0, reorder = false } = {}) => {
        if (told !== world || !world.visible(event)) return;
        for (const { id } of subscriptions.wanting(event))
          for (let copy = 0; copy <= duplicate; copy += 1) deliveries.add(id, { event, forged: false }, reorder);
      };
    },
    resume() {
      for (const subscription of subscriptions.all()) {
        if (subscription.status === 'pending') challenges.begin(subscription);
        if (subscription.status === 'active') replay(subscription, later(clock(), -RESUMED_MS));
      }
    },
    stop() {
      challenges.endAll();
      deliveries.dropAll();
      close();
    },
  };
};
