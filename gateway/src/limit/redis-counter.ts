import type { Log } from '@house/kernel/telemetry';
import { Redis } from 'ioredis';
import type { Counter } from './counter.ts';

/** Answers within this or counts as down: an operation that is limited is refused then, it does not hang. */
const ANSWER_LIMIT_MS = 500;
const PREFIX = 'house:limit:';

/**
 * The list holds the times of the last admissions in milliseconds of Redis's own clock, oldest first, so that several
 * gateways share one time. One script is one step: nothing comes between looking and taking.
 */
const TAKE = `
local max, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = redis.call('LINDEX', KEYS[1], -max)
if oldest and oldest + window > now then return oldest + window - now end
redis.call('RPUSH', KEYS[1], now)
redis.call('LTRIM', KEYS[1], -max, -1)
redis.call('PEXPIRE', KEYS[1], window)
return 0
`;

type WithTake = Redis & { takePlace(key: string, max: number, windowMs: number): Promise<number> };

/** Counts in Redis, for any number of gateways. It connects when first used and rejects while Redis is away. */
export const createRedisCounter = ({ url, log }: { url: string; log: Log }): Counter => {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: true,
    connectTimeout: ANSWER_LIMIT_MS,
    commandTimeout: ANSWER_LIMIT_MS,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  });
  redis.on('error', (error) => log.warn('limit-store-unreachable', { error }));
  redis.defineCommand('takePlace', { numberOfKeys: 1, lua: TAKE });
  return {
    take: async (key, { max, windowMs }) => Number(await (redis as WithTake).takePlace(PREFIX + key, max, windowMs)),
    close: async () => redis.disconnect(),
  };
};
