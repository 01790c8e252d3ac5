/**
 * Marks what is asked again, so that the guard counts it against the budget. A command that is handed over once more is
 * a repeat; a question about a command, and what safety demands, never are.
 */
import type { Clock } from '@house/kernel/clock';
import type { PlatformRequest } from './client.ts';
import type { Access, Vehicles } from './platform.ts';

/** What both versions' sessions are; only what a call answers differs. */
type Session<Answer> = {
  readonly clock: Clock;
  call(request: PlatformRequest): Promise<Answer>;
  health(siteId: number, signal: AbortSignal): Promise<void>;
};

/** A translator of one version that asks for the first time, and one whose every request is a repeat. */
export type Translators<T> = { first: T; again: T };

export const createTranslators = <Answer, T>(
  session: Session<Answer>,
  create: (session: Session<Answer>) => T,
): Translators<T> => ({
  first: create(session),
  again: create({ ...session, call: (request) => session.call({ ...request, repeat: true }) }),
});

export const accessOf = ({ first, again }: Translators<Access>): Access => ({
  ...first,
  open: (order, signal) => (order.attempts > 1 ? again : first).open(order, signal),
});

export const vehiclesOf = ({ first, again }: Translators<Vehicles>): Vehicles => ({
  ...first,
  add: (order, signal) => (order.isRepeat ? again : first).add(order, signal),
  remove: (order, signal) => (order.isRepeat ? again : first).remove(order, signal),
});
