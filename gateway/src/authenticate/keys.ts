/**
 * The issuer's public keys, found by OIDC discovery. The issuer may start later than we do and may be away for a day:
 * known keys go on working. An id that is not known is asked for at once, but within thirty seconds of such a question every
 * other is unknown without one: invented ids cost the issuer two readings a minute. No token is refused while an issuer
 * rotates, when it publishes the new key half a minute before it signs, and the old one until its tokens have ended.
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import type { Log } from '@house/kernel/telemetry';
import { z } from 'zod';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type Keys = {
  /**
   * The key with this id; undefined when the issuer does not have it.
   * @throws HouseError `SERVICE_UNAVAILABLE` while no keys are known, or only ones that are a day old.
   */
  find(id: string): Promise<KeyObject | undefined>;
  /** Whether a token can be verified now. */
  known(): boolean;
  /** Keeps asking until the issuer has answered once. */
  start(): void;
  stop(): void;
};

/** Keys are asked for again in the background when older than this. */
const FRESH_MS = 10 * 60_000;
/** What a dead issuer's keys are still good for. */
const STALE_MS = 24 * 60 * 60_000;
/** Between two requests to an issuer whose keys we have, and between two on account of ids that we do not know. */
const PAUSE_MS = 30_000;
/** Between two requests while we have none: it doubles up to the longest. */
const START_PAUSE_MS = 500;
const LONGEST_START_PAUSE_MS = 5_000;
const ANSWER_LIMIT_MS = 5_000;
const KEYS_KEPT = 100;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(KEYS_KEPT) });
/** ES256 takes P-256 keys only (RFC 7518 §3.4); a key for something else, or a private one, is left out. */
const signingKey = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  kid: z.string().min(1).max(200),
  x: z.string(),
  y: z.string(),
  use: z.literal('sig').optional(),
  alg: z.literal('ES256').optional(),
  d: z.undefined().optional(),
});

/** undefined for what is no point of the curve: one bad key must not cost the good ones. */
const publicKeyOf = (key: JsonWebKey): KeyObject | undefined => {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return undefined;
  }
};

const toKeys = (document: unknown): Map<string, KeyObject> => {
  const keys = new Map<string, KeyObject>();
  for (const candidate of keySet.parse(document).keys) {
    const parsed = signingKey.safeParse(candidate);
    if (!parsed.success) continue;
    const { kty, crv, x, y, kid } = parsed.data;
    const key = publicKeyOf({ kty, crv, x, y });
    if (key) keys.set(kid, key);
  }
  if (keys.size === 0) throw new TypeError('expected at least one P-256 signing key');
  return keys;
};

export const createKeys = ({
  issuer,
  fetch,
  clock,
  log,
}: {
  issuer: string;
  fetch: Fetch;
  clock: Clock;
  log: Log;
}): Keys => {
  let current: { keys: ReadonlyMap<string, KeyObject>; readAt: Date } | undefined;
  let askedAt: Date | undefined;
  let unknownAt: Date | undefined;
  /** Whether the last reading for an unknown id was answered. */
  let wasUnknownTold = true;
  let underWay: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const read = async (url: string): Promise<unknown> => {
    const response = await fetch(url, {
      redirect: 'error',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    if (!response.ok) throw new Error(`expected 200 from the issuer but got ${response.status}`);
    return response.json();
  };

  const readKeys = async (): Promise<void> => {
    const found = discovery.parse(await read(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`));
    if (found.issuer !== issuer) throw new Error('expected the discovery document to name its own issuer');
    if (new URL(found.jwks_uri).protocol !== new URL(issuer).protocol)
      throw new Error('expected the keys to be as well protected as the issuer');
    current = { keys: toKeys(await read(found.jwks_uri)), readAt: clock() };
  };

  /** One request at a time; everybody who needs it waits for the same one. Never rejects: false when it failed. */
  const refresh = (): Promise<boolean> => {
    askedAt = clock();
    underWay ??= readKeys()
      .then(() => true)
      .catch((error: unknown) => {
        log.warn('issuer-keys-unreachable', { error });
        return false;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };

  /** A clock that is set back makes a moment as old as one that is set forward. */
  const ageMs = (moment: Date): number => Math.abs(clock().getTime() - moment.getTime());
  const isOver = (since: Date | undefined, pauseMs: number): boolean => !since || ageMs(since) >= pauseMs;
  const mayAsk = (): boolean =>
    !stopped && (underWay !== undefined || isOver(askedAt, current ? PAUSE_MS : START_PAUSE_MS));
  const isOlderThan = (limitMs: number): boolean => !current || ageMs(current.readAt) > limitMs;

  /** A reading that is under way for another reason may have begun before the key was published: it does not count. */
  const lookForUnknown = async (id: string): Promise<void> => {
    await underWay;
    if (stopped || current?.keys.has(id)) return;
    if (isOver(unknownAt, wasUnknownTold ? PAUSE_MS : LONGEST_START_PAUSE_MS)) {
      unknownAt = clock();
      wasUnknownTold = await refresh();
    } else await underWay;
    // It may be a new key: nobody who has it is a stranger before the issuer has said so.
    if (!wasUnknownTold && !current?.keys.has(id)) throw new HouseError('SERVICE_UNAVAILABLE');
  };

  const keepAsking = async (pauseMs: number): Promise<void> => {
    await refresh();
    if (current || stopped) return;
    timer = setTimeout(() => void keepAsking(Math.min(pauseMs * 2, LONGEST_START_PAUSE_MS)), pauseMs).unref();
  };

  return {
    find: async (id) => {
      const known = current?.keys.get(id);
      if (known && !isOlderThan(STALE_MS)) {
        if (isOlderThan(FRESH_MS) && mayAsk()) void refresh();
        return known;
      }
      if (current && !isOlderThan(STALE_MS)) await lookForUnknown(id);
      else if (mayAsk()) await refresh();
      if (!current || isOlderThan(STALE_MS)) throw new HouseError('SERVICE_UNAVAILABLE');
      return current.keys.get(id);
    },
    known: () => !isOlderThan(STALE_MS),
    start: () => void keepAsking(START_PAUSE_MS),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
};
