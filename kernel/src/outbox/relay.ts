/**
 * Delivers commands: one at a time per id, each attempt bounded, each result fenced. The end of a command wakes the next
 * of its order key. The sweep looks four times a second for whatever is due, so that a lost job, a dead worker or an
 * absent Redis only costs that quarter of a second.
 */
import type { Clock } from '../clock.ts';
import type { Telemetry } from '../telemetry.ts';
import { type Decision, decide, mayStillSend, type Outcome, outOfTime, withdraw } from './decide.ts';
import type { Command, Dispatcher, Handler, Turn } from './outbox.ts';
import type { OutboxStore } from './store.ts';
import { createWatch } from './watch.ts';

const SWEEP_EVERY_MS = 250;
const SWEEP_BATCH = 100;
const WATCH_EVERY_MS = 5_000;
/** A platform of the first version may take five seconds to open a door and say so. */
const ATTEMPT_LIMIT_MS = 6_000;
/** A third of the lease: one lost renewal does no harm. */
const RENEW_EVERY_MS = 1_000;
/** Somebody waits at a door: a right that could not be asked for is asked for again soon, not when the lease runs out. */
const RIGHT_UNKNOWN: Outcome = { is: 'not-sent', code: 'DEADLINE_PASSED', retryAfterMs: 250 };
/** Follow-ups this near are woken by a timer, later ones are left to the sweep. */
const TIMER_HORIZON_MS = 5_000;

export type Relay = {
  start(): Promise<void>;
  /** Says that a command was committed just now. */
  wake(command: { id: string; class: Command['class'] }): void;
  /**
   * Says that the receiver may have an answer about a command now. It only makes the question earlier: whoever says so is
   * not believed.
   */
  hasten(id: string): Promise<void>;
  /** One look for due commands. Resolves when they have been handed to the dispatcher. */
  sweep(): Promise<void>;
  /** One look for what should be done by now, and for what ended long ago. */
  watch(): Promise<void>;
  stop(): Promise<void>;
};

export type RelayOptions = {
  store: OutboxStore;
  dispatcher: Dispatcher;
  handlers: Readonly<Record<string, Handler>>;
  clock: Clock;
  /** A number from 0 to 1. */
  chance: () => number;
  telemetry: Telemetry;
};

/** Delivers one command as far as it can go now. Says what is to be looked at next because of it, and when. */
const createDeliver =
  ({ store, handlers, clock, chance, telemetry: { log } }: RelayOptions) =>
  async (id: string): Promise<(Turn & { at: Date }) | undefined> => {
    const claimed = await store.claim(id, clock());
    if (!claimed) return undefined;

    let command = claimed;
    const right = (handler: Handler): Promise<Outcome | undefined> =>
      handler.permit(command).then(
        (refusal) => (refusal === null ? undefined : { is: 'cancelled', code: refusal }),
        (error: unknown) => {
          if (command.class !== 'moment') throw error;
          log.warn('right-unknown', { operationId: id, error });
          return RIGHT_UNKNOWN;
        },
      );
    const question = (handler: Handler, about: Command, signal: AbortSignal): Promise<Outcome> =>
      // One that breaks on our side is a question without an answer, and ends when those do.
      handler.confirm(about, signal).catch((error: unknown): Outcome => {
        log.error('question-failed', { operationId: id, error });
        return { is: 'ambiguous', next: 'ask' };
      });
    /** What may no longer be handed over may have taken effect by an earlier attempt: that is asked, and told. */
    const withdrawn = async (hindrance: Outcome, handler: Handler, signal: AbortSignal): Promise<Outcome> =>
      hindrance.is === 'cancelled' && command.uncertain && command.class !== 'moment'
        ? withdraw(hindrance, await question(handler, { ...command, phase: 'confirm' }, signal))
        : hindrance;
    const attempt = async (): Promise<Decision | undefined> => {
      if (command.phase === 'send' && !mayStillSend(command, clock())) return outOfTime(command, clock());
      const handler = handlers[command.kind];
      if (!handler) throw new Error(`no handler for commands of kind ${command.kind}`);
      const signal = AbortSignal.timeout(ATTEMPT_LIMIT_MS);
      let outcome: Outcome;
      if (command.phase === 'confirm') {
        outcome = await question(handler, command, signal);
      } else {
        const hindrance = await right(handler);
        if (hindrance) outcome = await withdrawn(hindrance, handler, signal);
        else if (!mayStillSend(command, clock())) return outOfTime(command, clock());
        else {
          const sentAt = clock();
          if (!(await store.markSent(command, sentAt))) return undefined;
          command = { ...command, attempts: command.attempts + 1, sentAt };
          outcome = await handler.send(command, signal);
        }
      }
      return decide(command, outcome, clock(), chance());
    };

    const renewing = setInterval(() => {
      store
        .renew(claimed, clock())
        .catch((error: unknown) => log.warn('lease-not-renewed', { operationId: id, error }));
    }, RENEW_EVERY_MS);
    const decision = await attempt().finally(() => clearInterval(renewing));
    if (!decision || !(await store.settle(command, decision, clock()))) {
      log.warn('lease-lost', { operationId: id, kind: claimed.kind });
      return undefined;
    }
    log.info('command', {
      operationId: id,
      kind: command.kind,
      state: decision.state,
      attempts: command.attempts,
      durationMs: clock().getTime() - command.createdAt.getTime(),
    });
    if (decision.then === 'again') return { id, class: command.class, leaseToken: command.leaseToken, at: decision.at };
    const next = command.orderKey === null ? undefined : await store.next(command.orderKey, clock());
    return next && { ...next, at: clock() };
  };

/** Runs `work` every `milliseconds`, never beside itself. `stop` waits for the run that is under way. */
const every = (
  milliseconds: number,
  work: () => Promise<void>,
  failed: (error: unknown) => void,
): { stop(): Promise<void> } => {
  let underWay: Promise<void> | undefined;
  const timer = setInterval(() => {
    underWay ??= work()
      .catch(failed)
      .finally(() => {
        underWay = undefined;
      });
  }, milliseconds);
  return {
    stop: async () => {
      clearInterval(timer);
      await underWay;
    },
  };
};

export const createRelay = (options: RelayOptions): Relay => {
  const { store, dispatcher, clock, telemetry } = options;
  const deliver = createDeliver(options);
  const watch = createWatch(options);
  const timers = new Set<NodeJS.Timeout>();
  let looks: { stop(): Promise<void> }[] = [];
  let stopped = false;

  const wakeLater = ({ at, ...turn }: Turn & { at: Date }): void => {
    const wait = Math.max(0, at.getTime() - clock().getTime());
    if (stopped || wait > TIMER_HORIZON_MS) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      dispatcher.dispatch(turn);
    }, wait);
    timers.add(timer);
  };

  const sweep = async (): Promise<void> => {
    for (const turn of await store.due(clock(), SWEEP_BATCH)) dispatcher.dispatch(turn);
  };

  return {
    start: async () => {
      await dispatcher.start(async (id) => {
        try {
          const next = await deliver(id);
          if (next) wakeLater(next);
        } catch (error) {
          // The claim runs out by itself and the sweep tries again.
          telemetry.log.error('delivery-interrupted', { operationId: id, error });
        }
      });
      const failed = (event: string) => (error: unknown) => telemetry.log.error(event, { error });
      looks = [
        every(SWEEP_EVERY_MS, sweep, failed('sweep-failed')),
        every(WATCH_EVERY_MS, watch, failed('watch-failed')),
      ];
    },
    wake: (command) => {
      if (!stopped) dispatcher.dispatch({ ...command, leaseToken: 0 });
    },
    hasten: async (id) => {
      const turn = await store.hasten(id, clock());
      if (turn && !stopped) dispatcher.dispatch(turn);
    },
    sweep,
    watch,
    stop: async () => {
      stopped = true;
      const looksOver = Promise.all(looks.map((look) => look.stop()));
      for (const timer of timers) clearTimeout(timer);
      await looksOver;
      await dispatcher.stop();
    },
  };
};
