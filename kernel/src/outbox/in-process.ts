import { CLASSES, COMMAND_CLASSES, type CommandClass } from './classes.ts';
import type { Dispatcher } from './outbox.ts';

/** Waiting ids per class; more are dropped and found again by the sweep. */
const WAITING_LIMIT = 1_000;

/** Delivers in this process: the embedded default, and what serves while Redis does not. */
export const createInProcessDispatcher = (): Dispatcher => {
  let deliver: ((id: string) => Promise<void>) | undefined;
  let stopped = false;
  const waiting: Record<CommandClass, Set<string>> = {
    safety: new Set(),
    moment: new Set(),
    compliance: new Set(),
    write: new Set(),
  };
  const running = new Map<string, Promise<void>>();
  const runningByClass: Record<CommandClass, number> = { safety: 0, moment: 0, compliance: 0, write: 0 };

  const next = (commandClass: CommandClass): void => {
    while (deliver && !stopped && runningByClass[commandClass] < CLASSES[commandClass].concurrency) {
      const [id] = waiting[commandClass];
      if (id === undefined) return;
      waiting[commandClass].delete(id);
      runningByClass[commandClass] += 1;
      const work = deliver(id).finally(() => {
        running.delete(id);
        runningByClass[commandClass] -= 1;
        next(commandClass);
      });
      running.set(id, work);
    }
  };

  return {
    driver: 'in-process',
    start: async (work) => {
      deliver = work;
      for (const commandClass of COMMAND_CLASSES) next(commandClass);
    },
    dispatch: ({ id, class: commandClass }) => {
      if (stopped || running.has(id) || waiting[commandClass].size >= WAITING_LIMIT) return;
      waiting[commandClass].add(id);
      next(commandClass);
    },
    stop: async () => {
      stopped = true;
      await Promise.all(running.values());
    },
  };
};
