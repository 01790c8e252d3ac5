/**
 * How long the client waits. It may ask for less than our own limit with the header X-Request-Deadline, in whole
 * milliseconds; who mistypes it is told, since the opposite of what was asked for would happen otherwise.
 */
import type { IncomingMessage } from 'node:http';
import {
  createDeadline,
  DEADLINE_HEADER,
  type Deadline,
  isTooLate,
  parseLeftMs,
  REQUEST_LIMIT_MS,
} from '@house/kernel/subgraph';
import { HttpRefusal } from '../refusal.ts';

/** In less nothing can be answered; whoever asks for less gets this. */
const LEAST_MS = 50;

/** The time runs from now. @throws HttpRefusal 400. */
export const deadlineOf = ({ headers }: Pick<IncomingMessage, 'headers'>): Deadline => {
  const asked = headers[DEADLINE_HEADER];
  if (asked === undefined) return createDeadline(REQUEST_LIMIT_MS);
  const ms = parseLeftMs(String(asked));
  if (ms === undefined)
    throw new HttpRefusal('BAD_USER_INPUT', { message: 'X-Request-Deadline is a whole number of milliseconds.' });
  return createDeadline(Math.min(Math.max(ms, LEAST_MS), REQUEST_LIMIT_MS));
};

/**
 * Answers with what `work` finds out in time, or with 504.
 * @throws HttpRefusal
 */
export const inTime = <T>(incoming: IncomingMessage, deadline: Deadline, work: () => Promise<T>): Promise<T> =>
  deadline.bound(work).catch((error: unknown) => {
    if (!isTooLate(error)) throw error;
    // The rest of a body that was not read to its end cannot be told from the next request.
    throw new HttpRefusal('DEADLINE_EXCEEDED', incoming.complete ? {} : { headers: { connection: 'close' } });
  });
