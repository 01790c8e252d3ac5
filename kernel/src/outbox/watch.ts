import { Counter } from 'prom-client';
import { type Clock, later } from '../clock.ts';
import type { Telemetry } from '../telemetry.ts';
import { CLASSES, COMMAND_CLASSES } from './classes.ts';
import type { Upkeep } from './upkeep.ts';

/** Alarms of one look; the rest is raised by the next. */
const ALARM_BATCH = 100;
const KEPT_MS = 90 * 24 * 60 * 60 * 1_000;
const FORGET_BATCH = 500;

/**
 * One look for what should be done by now, told in the log and in a counter once for each threshold, and for what ended
 * long ago. A worker that dies between raising an alarm and telling of it leaves it in the operator's list.
 */
export const createWatch = ({
  store,
  clock,
  telemetry: { log, registry },
}: {
  store: Upkeep;
  clock: Clock;
  telemetry: Telemetry;
}): (() => Promise<void>) => {
  const overdue = new Counter({
    name: 'commands_overdue_total',
    help: 'Alarms about commands that are never given up and not yet done, by class and threshold.',
    labelNames: ['class', 'threshold'],
    registers: [registry],
  });
  for (const name of COMMAND_CLASSES)
    for (const { threshold } of CLASSES[name].alarms) overdue.inc({ class: name, threshold }, 0);

  return async () => {
    const now = clock();
    for (const { id, kind, class: name, createdAt, attempts, threshold } of await store.raiseAlarms(now, ALARM_BATCH)) {
      overdue.inc({ class: name, threshold });
      const durationMs = now.getTime() - createdAt.getTime();
      log.error('command-overdue', { operationId: id, kind, attempts, durationMs, reason: `${name} ${threshold}` });
    }
    await store.forget(later(now, -KEPT_MS), FORGET_BATCH);
  };
};
