/**
 * How much persistence a request deserves, as data: the one place that says it. A read is worth a moment, a physical
 * action seconds, a stored fact a day, and what the law or safety demands is never given up.
 */
export type CommandClass = 'safety' | 'moment' | 'compliance' | 'write';

/** Somebody is told that it is still not done: after a share of its term, or after a time whatever the term. */
export type Alarm = { readonly threshold: string } & ({ readonly ofTerm: number } | { readonly afterMs: number });

export type RetryClass = {
  /** From its beginning to its deadline or the end of its term, when the caller names none. */
  readonly lifeMs: number;
  /** After the deadline it is not handed over any more. False: the deadline is a term; it goes on until it is done. */
  readonly givesUp: boolean;
  /** How often it may be handed over in all once the answer to an attempt was lost. */
  readonly attempts: number;
  /** Full jitter: anywhere up to a limit that doubles with each attempt. */
  readonly backoff: { readonly baseMs: number; readonly limitMs: number };
  /** Given up, it waits for a person (dead-letters.ts). */
  readonly deadLetter: boolean;
  readonly alarms: readonly Alarm[];
};

export type CommandRetryClass = RetryClass & {
  /** Lower goes first when many are due. */
  readonly priority: number;
  /** Commands of the class that one worker delivers at the same time; a slow class cannot starve another. */
  readonly concurrency: number;
};

const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;
const ANY = Number.POSITIVE_INFINITY;

export const CLASSES: Readonly<{ read: RetryClass } & Record<CommandClass, CommandRetryClass>> = {
  /** No command: nothing is promised, and the last known answer serves when it fails. */
  read: {
    lifeMs: 2 * SECOND,
    givesUp: true,
    attempts: 3,
    backoff: { baseMs: 50, limitMs: 200 },
    deadLetter: false,
    alarms: [],
  },
  /** Stopping what somebody may no longer do. */
  safety: {
    priority: 0,
    lifeMs: 60 * SECOND,
    givesUp: false,
    attempts: ANY,
    backoff: { baseMs: 100, limitMs: 5 * SECOND },
    deadLetter: false,
    alarms: [{ threshold: '60 s', afterMs: 60 * SECOND }],
    concurrency: 8,
  },
  /** A physical action, worth nothing once the person has left. Repeated once, where the receiver knows its key. */
  moment: {
    priority: 1,
    lifeMs: 10 * SECOND,
    givesUp: true,
    attempts: 2,
    backoff: { baseMs: 100, limitMs: 2 * SECOND },
    deadLetter: false,
    alarms: [],
    concurrency: 16,
  },
  /** What a law demands within a term; 30 days is that of erasing after a withdrawn consent (152-FZ art. 21 p. 5). */
  compliance: {
    priority: 2,
    lifeMs: 30 * DAY,
    givesUp: false,
    attempts: ANY,
    backoff: { baseMs: SECOND, limitMs: 60 * SECOND },
    deadLetter: false,
    alarms: [
      { threshold: '25 %', ofTerm: 0.25 },
      { threshold: '50 %', ofTerm: 0.5 },
      { threshold: '80 %', ofTerm: 0.8 },
    ],
    concurrency: 8,
  },
  /** A stored fact that may be written twice. */
  write: {
    priority: 3,
    lifeMs: DAY,
    givesUp: true,
    attempts: ANY,
    backoff: { baseMs: 100, limitMs: 30 * SECOND },
    deadLetter: true,
    alarms: [],
    concurrency: 8,
  },
};

/** Most urgent first. */
export const COMMAND_CLASSES: readonly CommandClass[] = (
  ['safety', 'moment', 'compliance', 'write'] as const satisfies readonly CommandClass[]
).toSorted((one, other) => CLASSES[one].priority - CLASSES[other].priority);

/** A receiver that says "come back in a week" is asked again after an hour. */
export const RETRY_AFTER_LIMIT_MS = 60 * 60 * SECOND;
