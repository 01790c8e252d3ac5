/** How long something may be on its way to the platform, and how it is looked for until then. */
import { setTimeout as timer } from 'node:timers/promises';

/** What left us and is not there by then will not come: no network and no queue holds a request for longer. */
export const ARRIVAL_LIMIT_MS = 15_000;
/** A platform that has just thawed answers a question and does what waited in the same moment; it is looked at again. */
export const SECOND_LOOK_MS = 1_000;

/** Resolves after the time, or rejects when `signal` is aborted before. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<unknown>;

export const pauseFor: Pause = (milliseconds, signal) => timer(milliseconds, undefined, { signal });
