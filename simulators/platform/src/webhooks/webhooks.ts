/**
 * The platform's own voice (contract §5.6): subscriptions, the challenge that proves an address, and deliveries of what
 * has happened. Nobody is told of an event that a crash could take back, and a platform that stands still tells nobody.
 */
import { randomBytes } from 'node:crypto';
import { type Clock, later } from '@house/kernel/clock';
import type { EventLog, PlatformEvent } from '../event-log.ts';
import type { Faults } from '../faults.ts';
import { sameMoment, ulidFrom } from '../journal/ulid.ts';
import type { Stall } from '../stall.ts';
import type { Keep } from '../state/records.ts';
import type { Timers } from '../timers.ts';
import { createChallenges, type Message } from './challenges.ts';
import { createDeliveries, type Job } from './deliveries.ts';
import { createPost, type Post } from './post.ts';
import { createProgresses, type Progress } from './progress.ts';
import { createSubscriptions, type Subscription, type Subscriptions, secretsOf, wants } from './subscriptions.ts';

/** What of the time before its end a process may not have delivered, when nobody has acknowledged anything. */
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
  /** As far as the process before knew what was acknowledged. */
  restoreProgress(subscriptionId: string, progress: Progress): void;
  /** Goes on where the process before ended: a little of it is told twice. */
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

/** Posts by the subscription's secrets, or by nobody's. */
const createSigned =
  ({ clock, post }: { clock: Clock; post: Post['post'] }) =>
  (subscription: Subscription, { id, body, forged }: Message) => {
    const now = clock();
    return post({
      url: subscription.url,
      id,
      body: JSON.stringify(body),
      timestampSeconds: Math.floor(now.getTime() / 1000),
      secrets: forged ? [randomBytes(32).toString('base64')] : secretsOf(subscription, now),
    });
  };

/** A delivery, as faults name it. */
const targetOf = ({ url }: Subscription, { siteId }: PlatformEvent) =>
  ({ method: 'POST', path: new URL(url).pathname, apiVersion: 'v2', siteIds: [siteId] }) as const;

/** What its subscriber has not acknowledged. */
const missingOf = (subscription: Subscription, { upTo, open }: Progress, told: Told): readonly PlatformEvent[] => {
  const opened = new Set(open);
  const isMissing = ({ id }: PlatformEvent): boolean => id > upTo || opened.has(id);
  return [...since(sameMoment(open[0] ?? upTo), told, (event) => wants(subscription, event) && isMissing(event))];
};

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
  const progresses = createProgresses({
    clock,
    keep: (id, progress) => told?.keep({ is: 'webhook-told', id, progress }),
  });

  const signed = createSigned({ clock, post });
  const send = async (subscription: Subscription, message: Message) => {
    await onDisk();
    await told?.stall.passed();
    return signed(subscription, message);
  };

  const attempt = async (subscriptionId: string, { event, forged }: Job): Promise<boolean> => {
    const subscription = subscriptions.find(subscriptionId);
    if (!told || subscription?.status !== 'active') return true;
    const { faults, present } = told;
    const broken = faults.pick(targetOf(subscription, event), 'bad-signature') !== undefined;
    const message = { id: event.id, body: present(event), forged: forged || broken };
    const status = await send(subscription, message).then(
      (answer) => answer.status,
      () => 0,
    );
    // Who forges does not try again.
    if (forged) return true;
    const isTaken = status >= 200 && status < 300;
    if (isTaken) progresses.told(subscriptionId, event.id);
    return isTaken;
  };

  const pause = (subscriptionId: string): void => {
    progresses.drop(subscriptionId);
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

  const resumeOne = (subscription: Subscription): void => {
    const progress = progresses.of(subscription.id);
    if (!told || !progress) return replay(subscription, later(clock(), -RESUMED_MS));
    const missing = missingOf(subscription, progress, told);
    for (const { id } of missing) progresses.began(subscription.id, id);
    deliveries.addAll(subscription.id, missing.values());
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
      progresses.drop(id);
    },
    begin(world) {
      told = world;
      deliveries.dropAll();
      progresses.dropAll();
      subscriptions.begin(world.keep);
      return (event, { duplicate = 0, reorder = false } = {}) => {
        if (told !== world || !world.visible(event)) return;
        for (const { id } of subscriptions.wanting(event)) {
          progresses.began(id, event.id);
          for (let copy = 0; copy <= duplicate; copy += 1) deliveries.add(id, { event, forged: false }, reorder);
        }
      };
    },
    restoreProgress: progresses.restore,
    resume() {
      for (const subscription of subscriptions.all()) {
        if (subscription.status === 'pending') challenges.begin(subscription);
        if (subscription.status === 'active') resumeOne(subscription);
      }
    },
    stop() {
      challenges.endAll();
      deliveries.dropAll();
      close();
    },
  };
};
