/**
 * Tokens and API keys that are not accepted, counted by what was sent and by the network that they come from. Whoever sends
 * too many is told by `Retry-After` to slow down, each time for twice as long; the refusal stays the same 401 with the same
 * body, so that it tells a guesser nothing, and an app whose token has just ended in a crowded network still knows that it has
 * to sign in.
 *
 * It is looked at after a token was refused, never before: a valid token passes, whoever shares its network.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@house/kernel/clock';
import { createDeadline } from '@house/kernel/subgraph';
import type { Log } from '@house/kernel/telemetry';
import { namedByApiKey } from '../authenticate/authenticate.ts';
import { HttpRefusal } from '../refusal.ts';
import type { RequestStep } from '../request-path.ts';
import { networkOf } from './client-network.ts';
import type { Counter } from './counter.ts';
import { createKnownLocks } from './known-locks.ts';
import type { LimitMetrics } from './limit-metrics.ts';
import type { Locked, Lockouts } from './lockouts.ts';
import { digestOf } from './places.ts';
import type { LockoutPolicy } from './policy.ts';
import { createStoreWatch } from './store-watch.ts';

/**
 * `firstMs` is `windowMs` at least: whoever waits for as long as a lock is told then finds the window empty, and is not locked
 * again at once for what came before it.
 */
export type GuessPolicy = LockoutPolicy & { readonly max: number; readonly windowMs: number };

/** Twenty in a minute are no app's mistake; one more locks. */
export const TOKEN_GUESSES: GuessPolicy = {
  max: 20,
  windowMs: 60_000,
  failures: 1,
  withinMs: 60_000,
  firstMs: 60_000,
  longestMs: 3_600_000,
};

/** In metrics and in the table. */
const POLICY = 'token';
/** Longer than this nobody waits for a 401. */
const ANSWER_LIMIT_MS = 1_000;

/** Whatever somebody says to be known by; of an API key its id, so that all guesses at one key are counted together. */
const saidBy = (headers: IncomingMessage['headers']): string[] => [
  ...(headers.authorization === undefined ? [] : [headers.authorization]),
  ...[headers['x-api-key'] ?? []].flat().map(namedByApiKey),
];

/** A proof that only lacks the server's nonce is asked for again (RFC 9449 §8). */
const isGuess = (refusal: HttpRefusal, { headers }: IncomingMessage): boolean =>
  refusal.error.code === 'UNAUTHENTICATED' &&
  saidBy(headers).length > 0 &&
  !refusal.headers['www-authenticate']?.includes('use_dpop_nonce');

/** @param step refuses who is not known. */
export const slowGuesses = ({
  step,
  policy,
  counter,
  lockouts,
  metrics,
  clock,
  log,
}: {
  step: RequestStep;
  policy: GuessPolicy;
  counter: Counter;
  lockouts: Lockouts;
  metrics: LimitMetrics;
  clock: Clock;
  log: Log;
}): RequestStep => {
  const watch = createStoreWatch('lockouts', log);
  const known = createKnownLocks({ clock });

  const keysOf = ({ headers, socket }: IncomingMessage): readonly string[] => [
    digestOf('token', ...saidBy(headers)),
    digestOf('token-network', networkOf(socket.remoteAddress)),
  ];

  /** @returns for how long nothing more should be tried. */
  const waitMsAfter = async (incoming: IncomingMessage): Promise<number> => {
    const keys = keysOf(incoming);
    const knownMs = known.waitMs(keys);
    if (knownMs > 0) {
      metrics.decided(POLICY, 'locked');
      return knownMs;
    }
    const asked = keys.map((key): Locked => ({ ...policy, key }));
    const locked = await lockouts.locked(asked);
    for (const [key, waitMs] of locked) known.learn(key, waitMs);
    if (locked.size > 0) {
      metrics.decided(POLICY, 'locked');
      return Math.max(...locked.values());
    }
    const { max, windowMs } = policy;
    const { waits } = await counter.take(keys.map((key) => ({ key, count: 1, max, windowMs })));
    metrics.guessed(POLICY);
    const over = asked.filter((_, index) => (waits[index] ?? 0) > 0);
    const waitsMs = await Promise.all(
      over.map(async (one) => {
        const waitMs = await lockouts.failed({ ...one, policy: POLICY });
        known.learn(one.key, waitMs);
        return waitMs;
      }),
    );
    return Math.max(0, ...waitsMs);
  };

  return async (exchange) => {
    try {
      return await step(exchange);
    } catch (refusal) {
      const { incoming, setHeader } = exchange;
      if (!(refusal instanceof HttpRefusal) || !isGuess(refusal, incoming)) throw refusal;
      try {
        const waitMs = await createDeadline(ANSWER_LIMIT_MS).bound(() => waitMsAfter(incoming));
        if (waitMs > 0) setHeader('retry-after', String(Math.ceil(waitMs / 1_000)));
        watch.there();
      } catch (error) {
        // Nobody is let in for that: the token stays refused.
        watch.away(error);
      }
      throw refusal;
    }
  };
};
