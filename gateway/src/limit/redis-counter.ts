import { Redis } from 'ioredis';
import { type Counter, refusal } from './counter.ts';

/** Answers within this or counts as down: a decision does not hang on it. */
const ANSWER_LIMIT_MS = 500;
/** One script looks at several keys, which a cluster allows only where they share what stands in braces. */
const PREFIX = 'house:{limit}:';

/**
 * A list holds the times of the last admissions in milliseconds of Redis's own clock, oldest first, so that several
 * gateways share one time. One script is one step: nothing comes between looking at all of them and taking from all.
 * A clock that was set back moves what lies ahead of it to now, or the wait would be longer than the window.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local waits, free = {}, true
for place, key in ipairs(KEYS) do
  local count, max, window = tonumber(ARGV[place * 3 - 2]), tonumber(ARGV[place * 3 - 1]), tonumber(ARGV[place * 3])
  local newest = redis.call('LINDEX', key, -1)
  if newest and tonumber(newest) > now then
    for index, at in ipairs(redis.call('LRANGE', key, 0, -1)) do
      if tonumber(at) > now then redis.call('LSET', key, index - 1, now) end
    end
  end
  local blocking = count <= max and redis.call('LINDEX', key, count - 1 - max)
  if count > max then waits[place] = window
  elseif blocking and blocking + window > now then waits[place] = blocking + window - now
  else waits[place] = 0 end
  if waits[place] > 0 then free = false end
end
if free then
  for place, key in ipairs(KEYS) do
    local count, max, window = tonumber(ARGV[place * 3 - 2]), tonumber(ARGV[place * 3 - 1]), tonumber(ARGV[place * 3])
    for _ = 1, count do redis.call('RPUSH', key, now) end
    redis.call('LTRIM', key, -max, -1)
    redis.call('PEXPIRE', key, window)
  end
end
return { now, waits }
`;

const GIVE_BACK = `
for _, key in ipairs(KEYS) do redis.call('LREM', key, -1, ARGV[1]) end
return 0
`;

type WithScripts = Redis & {
  takePlaces(keys: number, ...keysAndMeasures: (string | number)[]): Promise<[now: number, waits: number[]]>;
  giveBackPlaces(keys: number, ...keysAndTime: (string | number)[]): Promise<number>;
};

/** Counts in Redis, for any number of gateways. It connects when first used and rejects while Redis is away. */
export const createRedisCounter = ({ url }: { url: string }): Counter => {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: true,
    connectTimeout: ANSWER_LIMIT_MS,
    commandTimeout: ANSWER_LIMIT_MS,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  }) as WithScripts;
  // Whoever asks is told by a rejection; a line for every attempt to connect would drown the log.
  redis.on('error', () => undefined);
  redis.defineCommand('takePlaces', { lua: TAKE });
  redis.defineCommand('giveBackPlaces', { lua: GIVE_BACK });
  const named = (keys: readonly string[]): string[] => keys.map((key) => PREFIX + key);
  return {
    take: async (places) => {
      const measures = places.flatMap(({ count, max, windowMs }) => [count, max, windowMs]);
      const keys = named(places.map(({ key }) => key));
      const [now, waits] = await redis.takePlaces(keys.length, ...keys, ...measures);
      if (waits.some((waitMs) => waitMs > 0)) return refusal(waits);
      return {
        waits,
        giveBack: async (given) => void (await redis.giveBackPlaces(given.length, ...named(given), now)),
      };
    },
    close: async () => redis.disconnect(),
  };
};
