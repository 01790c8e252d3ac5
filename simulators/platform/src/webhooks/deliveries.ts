/**
 * What is on its way to a subscriber: at least once, in no order, tried again as contract §5.6 lists, and then given up.
 * A queue per subscription, a few deliveries at a time; what no queue has room for is given up at once, and its
 * subscriber finds the gap in `sequence`.
 */
import type { PlatformEvent } from '../event-log.ts';
import type { Timers } from '../timers.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Before the first attempt and after each one that failed. */
const WAITS_MS = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  10 * HOUR_MS,
] as const;
const AT_A_TIME = 4;
const QUEUE_LIMIT = 10_000;
/** A delivery that is to come after a later one comes anyway, if there is no later one. */
const HELD_MS = 2_000;

export type Job = { event: PlatformEvent; forged: boolean };
type Waiting = Job & { attempts: number; releases: readonly Waiting[] };
type Queue = {
  waiting: Waiting[];
  /** Asked when nothing waits. */
  sources: Iterator<PlatformEvent>[];
  /** Not finished, those between two attempts too. */
  unfinished: number;
  running: number;
  held: Waiting[];
};

export type Deliveries = {
  /** With `late`, it comes after the next one. */
  add(subscriptionId: string, job: Job, late?: boolean): void;
  /** Whatever comes out of it, as there is room for it. */
  addAll(subscriptionId: string, events: Iterator<PlatformEvent>): void;
  /** Nothing more to this one. */
  drop(subscriptionId: string): void;
  dropAll(): void;
};

export const createDeliveries = (deps: {
  timers: Timers;
  /** Of the waits between attempts; 1 for those of the contract. */
  retryScale: number;
  /** True when the subscriber has taken it. */
  attempt: (subscriptionId: string, job: Job) => Promise<boolean>;
  /** No attempt is left, or no room. */
  gaveUp: (subscriptionId: string) => void;
}): Deliveries => {
  const { timers, retryScale, attempt, gaveUp } = deps;
  const queues = new Map<string, Queue>();

  const queueOf = (id: string): Queue => {
    const known = queues.get(id);
    if (known) return known;
    const fresh: Queue = { waiting: [], sources: [], unfinished: 0, running: 0, held: [] };
    queues.set(id, fresh);
    return fresh;
  };
  const giveUp = (id: string): void => {
    queues.delete(id);
    gaveUp(id);
  };

  const next = (queue: Queue): Waiting | undefined => {
    const waiting = queue.waiting.shift();
    if (waiting) return waiting;
    const [source] = queue.sources;
    const found = source?.next();
    if (!found) return undefined;
    if (found.done) {
      queue.sources.shift();
      return next(queue);
    }
    queue.unfinished += 1;
    return { event: found.value, forged: false, attempts: 0, releases: [] };
  };

  /** Whether this queue is still the one of its subscription. */
  const current = (id: string, queue: Queue): boolean => queues.get(id) === queue;

  const run = async (id: string, queue: Queue, job: Waiting): Promise<void> => {
    const taken = await attempt(id, job);
    queue.running -= 1;
    if (!current(id, queue)) return;
    queue.waiting.push(...job.releases);
    job.releases = [];
    if (taken) {
      queue.unfinished -= 1;
      return pump(id, queue);
    }
    job.attempts += 1;
    const wait = WAITS_MS[job.attempts];
    if (wait === undefined) return giveUp(id);
    void timers.after(wait * retryScale).then(() => {
      queue.waiting.push(job);
      pump(id, queue);
    });
    pump(id, queue);
  };
  const pump = (id: string, queue: Queue): void => {
    while (current(id, queue) && queue.running < AT_A_TIME) {
      const job = next(queue);
      if (!job) return;
      queue.running += 1;
      void run(id, queue, job);
    }
  };

  return {
    add(id, { event, forged }, late = false) {
      const queue = queueOf(id);
      if (queue.unfinished >= QUEUE_LIMIT) return giveUp(id);
      queue.unfinished += 1;
      const job: Waiting = { event, forged, attempts: 0, releases: [] };
      if (late) {
        queue.held.push(job);
        void timers.after(HELD_MS).then(() => {
          if (!queue.held.includes(job)) return;
          queue.held = queue.held.filter((other) => other !== job);
          queue.waiting.push(job);
          pump(id, queue);
        });
        return;
      }
      job.releases = queue.held;
      queue.held = [];
      queue.waiting.push(job);
      pump(id, queue);
    },
    addAll(id, events) {
      const queue = queueOf(id);
      queue.sources.push(events);
      pump(id, queue);
    },
    drop: (id) => void queues.delete(id),
    dropAll: () => queues.clear(),
  };
};
