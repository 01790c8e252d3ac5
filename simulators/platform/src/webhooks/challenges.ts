/** The proof that an address belongs to its subscriber: what was sent there under the secret comes back. */
import { timingSafeEqual } from 'node:crypto';
import { createId, createSecret } from '../ids.ts';
import type { Timers } from '../timers.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';

/** Long enough that who asked for the subscription has read its secret. */
const FIRST_AFTER_MS = 100;
const RETRIES_MS = [5_000, 300_000, 1_800_000];

export type Message = {
  /** The same in every attempt. */
  id: string;
  body: unknown;
  /** Under nobody's secret. */
  forged: boolean;
};
export type Challenges = {
  /** Asks the address to prove itself; the subscription is active when it has. */
  begin(subscription: Subscription): void;
  end(subscriptionId: string): void;
  endAll(): void;
};

const answered = (text: string): string => {
  try {
    return String((JSON.parse(text) as { challenge?: unknown }).challenge);
  } catch {
    return '';
  }
};
const same = (one: string, other: string): boolean => {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
};

export const createChallenges = (deps: {
  timers: Timers;
  retryScale: number;
  /** Rejects without an answer. */
  send: (subscription: Subscription, message: Message) => Promise<{ status: number; text: string }>;
  subscriptions: Pick<Subscriptions, 'change'>;
}): Challenges => {
  const { timers, retryScale, send, subscriptions } = deps;
  /** By subscription: an answer to an older one counts no more. */
  const challenges = new Map<string, string>();

  const askOnce = async (subscription: Subscription, challenge: string): Promise<boolean> => {
    const body = { type: 'subscription.challenge', subscriptionId: subscription.id, challenge };
    const { status, text } = await send(subscription, { id: createId('msg'), body, forged: false });
    return status === 200 && same(answered(text), challenge);
  };
  const ask = async (subscription: Subscription, challenge: string): Promise<void> => {
    for (const wait of [FIRST_AFTER_MS, ...RETRIES_MS.map((retry) => retry * retryScale)]) {
      await timers.after(wait);
      if (challenges.get(subscription.id) !== challenge) return;
      const proven = await askOnce(subscription, challenge).catch(() => false);
      if (challenges.get(subscription.id) !== challenge) return;
      if (!proven) continue;
      challenges.delete(subscription.id);
      return subscriptions.change(subscription, { status: 'active', proven: true, pausedAt: null });
    }
  };

  return {
    begin(subscription) {
      const challenge = createSecret();
      challenges.set(subscription.id, challenge);
      void ask(subscription, challenge);
    },
    end: (id) => void challenges.delete(id),
    endAll: () => challenges.clear(),
  };
};
