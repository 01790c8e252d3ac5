/**
 * Shares delivery among workers through bull on Redis. A job carries an id and nothing else; Redis may be slow, wiped or
 * gone at any time, and then the ids go to the in-process dispatcher, or are found by the sweep.
 */
import Bull from 'bull';
import { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Log } from '../telemetry.ts';
import { CLASSES, COMMAND_CLASSES, type CommandClass } from './classes.ts';
import { createInProcessDispatcher } from './in-process.ts';
import type { Dispatcher } from './outbox.ts';

/** Bull moves the job of a dead worker after these; the claim's lease, not the job, keeps two from doing the same. */
const LOCK_MS = 5_000;
const STALLED_EVERY_MS = 1_500;
/** The truth about retries is in the row; bull must never decide that a job has failed for good. */
const NEVER = 1_000_000;
const CONNECT_LIMIT_MS = 2_000;
/** A Redis that has not taken a job by then is as good as gone for a door. */
const ADD_LIMIT_MS = 250;
/** A turn that nobody took is given another job after this: the sweep asks four times a second, and dead jobs stay. */
const REPEAT_MS = 2_000;
/** Jobs whose adding it has not answered; more are not handed to it. */
const UNANSWERED_LIMIT = 1_000;
/** Deliveries under way end within the attempt's limit. */
const STOP_LIMIT_MS = 8_000;
/** Redis itself is told good-bye, but not waited for. */
const CLOSE_LIMIT_MS = 2_000;

/** Resolves once the connection may be used, or is over. */
const settled = (connection: Redis): Promise<void> =>
  new Promise((resolve) => {
    if (connection.status === 'ready' || connection.status === 'end') return resolve();
    connection.once('ready', resolve);
    connection.once('end', resolve);
  });

const within = async (limitMs: number, work: Promise<unknown>): Promise<void> => {
  const { promise: limit, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([work, limit]);
  clearTimeout(timer);
};

/**
 * @param prefix keeps two houses on one Redis apart.
 */
export const createBullDispatcher = ({
  redisUrl,
  prefix = 'house',
  clock,
  log,
}: {
  redisUrl: string;
  prefix?: string;
  clock: Clock;
  log: Log;
}): Dispatcher => {
  const direct = createInProcessDispatcher();
  const queues = new Map<CommandClass, Bull.Queue<{ id: string }>>();
  const connections: Redis[] = [];
  const underWay = new Set<Promise<void>>();
  let stopped = false;
  let over = false;
  let unanswered = 0;

  /** The connections are ours, so that stopping can close those which bull would keep open while Redis is away. */
  const connect = (): Redis => {
    const connection = new Redis(redisUrl, {
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
      // Bull subscribes to hear of delayed jobs and pauses; we have neither. Nobody awaits a renewed subscription, so one
      // that is cut by our own stop would end the process in its drain.
      autoResubscribe: false,
      connectTimeout: CONNECT_LIMIT_MS,
    });
    // Every failed reconnect is reported here; delivery already goes on without Redis.
    connection.on('error', (error: unknown) => log.debug('redis-unavailable', { driver: 'bull', error }));
    // Bull reconnects while it closes, and nobody awaits that: a Redis that is gone would end the process in its drain,
    // and one that comes back would be connected to for ever.
    const reconnect = connection.connect.bind(connection);
    connection.connect = async () => (over ? undefined : reconnect().catch(() => undefined));
    connections.push(connection);
    return connection;
  };
  const client = connect();

  const openQueue = (
    commandClass: CommandClass,
    { subscriber, bclient }: { subscriber: Redis; bclient: Redis },
    deliver: (id: string) => Promise<void>,
  ): void => {
    const shared = { client, subscriber, bclient };
    const queue = new Bull<{ id: string }>(`commands-${commandClass}`, {
      prefix,
      createClient: (type) => shared[type],
      settings: { lockDuration: LOCK_MS, stalledInterval: STALLED_EVERY_MS, maxStalledCount: NEVER },
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
    });
    queue.on('error', (error) => log.debug('bull-failed', { driver: 'bull', error }));
    queues.set(commandClass, queue);
    queue
      .process(CLASSES[commandClass].concurrency, async (job) => {
        if (stopped) return;
        const work = deliver(job.data.id).finally(() => underWay.delete(work));
        underWay.add(work);
        await work;
      })
      .catch((error: unknown) => log.debug('bull-stopped', { error }));
  };

  /** Bull takes badly to connections that end before they began: it gets them when they are there, however late that is. */
  const openQueues = async (deliver: (id: string) => Promise<void>): Promise<void> => {
    await settled(client);
    if (stopped) return;
    const subscriber = connect();
    const waiting = COMMAND_CLASSES.map((commandClass) => ({ commandClass, bclient: connect() }));
    await Promise.all([subscriber, ...waiting.map(({ bclient }) => bclient)].map(settled));
    if (stopped) return;
    for (const { commandClass, bclient } of waiting) openQueue(commandClass, { subscriber, bclient }, deliver);
  };

  return {
    driver: 'bull',
    start: async (deliver) => {
      await direct.start(deliver);
      await within(CONNECT_LIMIT_MS, openQueues(deliver));
    },
    dispatch: (turn) => {
      const queue = queues.get(turn.class);
      if (stopped) return;
      if (!queue || client.status !== 'ready' || unanswered >= UNANSWERED_LIMIT) return direct.dispatch(turn);
      unanswered += 1;
      // Should both deliver it after all, the claim lets one of them.
      const impatient = setTimeout(() => direct.dispatch(turn), ADD_LIMIT_MS);
      // One job a turn, as long as that is true: bull ignores an id that it has, and it keeps the hash of a job whose
      // worker stood still while another one ended it: in no list, so nobody takes it, and under its id nothing is added.
      queue
        .add({ id: turn.id }, { jobId: `${turn.id}:${turn.leaseToken}:${Math.floor(clock().getTime() / REPEAT_MS)}` })
        .catch((error: unknown) => {
          log.debug('job-not-added', { operationId: turn.id, error });
          direct.dispatch(turn);
        })
        .finally(() => {
          unanswered -= 1;
          clearTimeout(impatient);
        });
    },
    stop: async () => {
      stopped = true;
      await direct.stop();
      const closed = Promise.all([...queues.values()].map((queue) => queue.close().catch(() => undefined)));
      // Whatever became of Redis: what was sent is waited for, so that its answer is not lost.
      await within(STOP_LIMIT_MS, Promise.all(underWay));
      await within(CLOSE_LIMIT_MS, closed);
      over = true;
      for (const connection of connections) connection.disconnect();
    },
  };
};
