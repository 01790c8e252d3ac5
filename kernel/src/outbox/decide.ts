/**
 * What follows from one attempt: the pure core of delivery. It knows no clock, no database and no receiver, so that its
 * promises can be checked over any history.
 *
 * The promises: a command of a class that gives up is never handed over after `notAfter`, and one of a class that does
 * not ends only when it is done or cancelled; a physical action that may have had an effect is never reported as failed or
 * expired; what cannot be repeated safely is handed over at most once. A write that nobody confirmed in its time is told as
 * not delivered, whatever became of it.
 */
import { later } from '../clock.ts';
import type { ErrorCode } from '../errors.ts';
import { CLASSES, RETRY_AFTER_LIMIT_MS } from './classes.ts';
import type { Command } from './outbox.ts';

/** What an attempt, or a question about an earlier one, came to. */
export type Outcome =
  /** It took effect. `result`: what the receiver made of it, told with the change. */
  | { is: 'succeeded'; result?: Readonly<Record<string, unknown>> }
  /** It certainly had no effect, and trying again would not change that. */
  | { is: 'failed'; code: ErrorCode }
  /** It may no longer be done: decided before anything was sent. */
  | { is: 'cancelled'; code: ErrorCode }
  /** No byte reached the receiver. */
  | { is: 'not-sent'; code: ErrorCode; retryAfterMs?: number }
  /**
   * The receiver said, or it was found out, that it had no effect; it may be different later. `mayStillArrive`: an earlier
   * attempt may be on its way yet, so that this is no end.
   */
  | { is: 'not-taken'; code: ErrorCode; repeatable: boolean; retryAfterMs?: number; mayStillArrive?: boolean }
  /** The receiver has it and works on it; `ref` is its own name of the work. */
  | { is: 'pending'; ref?: string }
  /**
   * It may have had an effect. `next` says what is safe: send the same key again, ask about it, or nothing, which leaves
   * it unknown for good. `retryAfterMs`: it is not asked sooner.
   */
  | { is: 'ambiguous'; next: 'repeat' | 'ask' | 'nothing'; retryAfterMs?: number };

export type Decision =
  | { then: 'finish'; state: 'SUCCEEDED'; result?: Readonly<Record<string, unknown>> }
  | { then: 'finish'; state: 'FAILED' | 'EXPIRED' | 'CANCELLED' | 'UNKNOWN_OUTCOME'; code: ErrorCode }
  | { then: 'again'; phase: 'send' | 'confirm'; at: Date; state: 'QUEUED' | 'SENT' | 'UNKNOWN_OUTCOME' };

/** Sending takes a moment too: in the last 150 ms nothing is handed over any more. */
const SEND_MARGIN_MS = 150;
/** A receiver that obeys the deadline by its own clock may act this long after ours; only then is "no trace" an answer. */
const CONFIRM_GRACE_MS = 1_000;
const CONFIRM_FIRST_MS = 150;
/**
 * Nothing waits longer than this share of its age: soon while somebody waits, seldom once it is history, and a
 * receiver that is well again after a minute is not left alone for another.
 */
const WAIT_SHARE = 0.1;
/** Of its age too, for questions: a receiver that is well again after a minute or two has told the truth within five seconds. */
const ASK_SHARE = 0.04;
/** A young command waits up to this for its next attempt. */
const BACKOFF_FLOOR_MS = 1_000;
/** A door of yesterday can wait a minute; a write that the receiver works on holds up those behind it. */
const confirmLimitMs = (command: Command): number => (command.class === 'moment' ? 60_000 : 5_000);
/** How long the truth about a physical action is looked for. */
const TRUTH_SOUGHT_MS = 24 * 60 * 60 * 1_000;

/** Clocks of two machines differ by less: what lies further ahead was written by a clock that has been set back since. */
export const CLOCKS_APART_MS = 60_000;

const givesUp = (command: Command): boolean => CLASSES[command.class].givesUp;

/** Nobody knows how long the person has waited by now, so that it would be too late for all we know. */
const isOfUnknownAge = (command: Command, now: Date): boolean =>
  command.class === 'moment' && command.createdAt > later(now, CLOCKS_APART_MS);

/** True while handing it over can still be in time; always, for what is never given up. */
export const mayStillSend = (command: Command, now: Date): boolean =>
  !givesUp(command) || (now.getTime() < command.notAfter.getTime() - SEND_MARGIN_MS && !isOfUnknownAge(command, now));

const ageOf = (command: Command, now: Date): number => now.getTime() - command.createdAt.getTime();

/** Full jitter: anywhere between now and a limit that doubles with each attempt and grows with the command's age. */
const backoffMs = (command: Command, now: Date, chance: number): number => {
  const { baseMs, limitMs } = CLASSES[command.class].backoff;
  const ofAge = Math.max(BACKOFF_FLOOR_MS, ageOf(command, now) * WAIT_SHARE);
  return Math.max(1, Math.floor(chance * Math.min(limitMs, ofAge, baseMs * 2 ** Math.min(command.attempts, 30))));
};

const asTold = (retryAfterMs: number): number => Math.min(retryAfterMs, RETRY_AFTER_LIMIT_MS);

const ended = (command: Command, code: ErrorCode): Decision =>
  CLASSES[command.class].deadLetter
    ? { then: 'finish', state: 'FAILED', code: 'NOT_DELIVERED' }
    : { then: 'finish', state: 'EXPIRED', code };

/** A physical action of which an earlier attempt left and was never accounted for. */
const mayBeOnItsWay = (command: Command): boolean =>
  command.class === 'moment' && (command.uncertain || command.phase === 'confirm');

/** What follows when nothing more may be sent: the end, unless an earlier attempt may have had an effect. */
export const outOfTime = (command: Command, now: Date, code: ErrorCode = 'DEADLINE_PASSED'): Decision =>
  mayBeOnItsWay(command) ? ask(command, now) : ended(command, code);

/**
 * Whether, after `decision`, an effect is possible that nobody knows of. Once true it stays so: a request that left may
 * arrive after any later look.
 */
export const isUncertain = (command: Command, decision: Decision): boolean =>
  command.uncertain || command.phase === 'confirm' || (decision.then === 'again' && decision.state !== 'QUEUED');

const sendAgain = (
  command: Command,
  now: Date,
  chance: number,
  state: 'QUEUED' | 'SENT',
  retryAfterMs = 0,
): Decision => {
  const wait = retryAfterMs > 0 ? asTold(retryAfterMs) : backoffMs(command, now, chance);
  // Woken at the deadline at the latest, so that it ends then and not whenever the backoff happens to be over.
  const isPastEnd = givesUp(command) && later(now, wait) > command.notAfter;
  return { then: 'again', phase: 'send', at: isPastEnd ? command.notAfter : later(now, wait), state };
};

const ask = (command: Command, now: Date, retryAfterMs = 0): Decision => {
  // Counted from when it was handed over: how long it waited for its turn before says nothing about the answer.
  // Either way: a clock that was set back must not make it asked without end.
  const age = Math.abs(now.getTime() - (command.sentAt ?? command.createdAt).getTime());
  const isOver = givesUp(command) && now >= command.notAfter;
  if (isOver && now.getTime() > command.notAfter.getTime() + TRUTH_SOUGHT_MS)
    return { then: 'finish', state: 'UNKNOWN_OUTCOME', code: 'OUTCOME_UNKNOWN' };
  const ofAge = Math.min(Math.max(age * ASK_SHARE, CONFIRM_FIRST_MS), confirmLimitMs(command));
  const at = later(now, Math.max(ofAge, asTold(retryAfterMs)));
  return {
    then: 'again',
    phase: 'confirm',
    // Looked at again at the deadline, so that nobody reads "sent" for long after it.
    at: givesUp(command) && !isOver && at > command.notAfter ? command.notAfter : at,
    state: isOver ? 'UNKNOWN_OUTCOME' : 'SENT',
  };
};

/** No trace of it was found at the receiver, or it said that it did nothing. */
const notTaken = (command: Command, outcome: Outcome & { is: 'not-taken' }, now: Date, chance: number): Decision => {
  // Asked about and not found, it may have got lost again on its way.
  const isSpent = command.phase === 'confirm' && command.attempts >= CLASSES[command.class].attempts;
  if ((outcome.repeatable || !givesUp(command)) && !isSpent && mayStillSend(command, now))
    return sendAgain(command, now, chance, mayBeOnItsWay(command) ? 'SENT' : 'QUEUED', outcome.retryAfterMs);
  if (!mayBeOnItsWay(command))
    return outcome.repeatable || outcome.code === 'DEADLINE_PASSED'
      ? ended(command, outcome.code)
      : { then: 'finish', state: 'FAILED', code: outcome.code };
  // What was once handed over may still arrive until the deadline is surely over.
  const over = now.getTime() >= command.notAfter.getTime() + CONFIRM_GRACE_MS;
  return over && command.phase === 'confirm' && !outcome.mayStillArrive
    ? ended(command, 'DEADLINE_PASSED')
    : ask(command, now);
};

/**
 * What a command comes to that may no longer be handed over, after an attempt of which nobody knows what became: the
 * refusal only when that one certainly had no effect.
 * @param answer to the question about it.
 */
export const withdraw = (refusal: Outcome & { is: 'cancelled' }, answer: Outcome): Outcome => {
  if (answer.is === 'failed' || (answer.is === 'not-taken' && !answer.mayStillArrive)) return refusal;
  // Nobody can tell, and to make it certain by sending it again is what may not be.
  return answer.is === 'ambiguous' && answer.next === 'repeat' ? { is: 'ambiguous', next: 'nothing' } : answer;
};

/** @param chance a number from 0 to 1, the only randomness. */
export const decide = (command: Command, outcome: Outcome, now: Date, chance: number): Decision => {
  switch (outcome.is) {
    case 'succeeded':
      return { then: 'finish', state: 'SUCCEEDED', ...(outcome.result && { result: outcome.result }) };
    case 'failed':
    case 'cancelled': {
      // A refusal of this attempt says nothing about an earlier one, unless it is the answer to our question about it.
      if (command.phase === 'send' && mayBeOnItsWay(command)) return ask(command, now);
      // Refused for good, which only a person can change, on either side; the alarms call one.
      if (outcome.is === 'failed' && !givesUp(command))
        return sendAgain(command, now, chance, command.uncertain ? 'SENT' : 'QUEUED');
      return { then: 'finish', state: outcome.is === 'failed' ? 'FAILED' : 'CANCELLED', code: outcome.code };
    }
    case 'not-sent':
      if (command.phase === 'confirm' && command.class === 'moment') return ask(command, now);
      return mayStillSend(command, now)
        ? sendAgain(command, now, chance, command.uncertain ? 'SENT' : 'QUEUED', outcome.retryAfterMs)
        : outOfTime(command, now, outcome.code);
    case 'not-taken':
      return notTaken(command, outcome, now, chance);
    case 'pending':
      return ask(command, now);
    case 'ambiguous':
      if (outcome.next === 'nothing' && givesUp(command))
        return { then: 'finish', state: 'UNKNOWN_OUTCOME', code: 'OUTCOME_UNKNOWN' };
      if (outcome.next !== 'repeat' || command.class === 'moment') return ask(command, now, outcome.retryAfterMs);
      return mayStillSend(command, now)
        ? sendAgain(command, now, chance, 'SENT', outcome.retryAfterMs)
        : ended(command, 'DEADLINE_PASSED');
  }
};
