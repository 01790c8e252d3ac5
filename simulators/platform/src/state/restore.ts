/** A simulation goes on where the process before it was killed. */
import type { Clock } from '@house/kernel/clock';
import type { Simulation } from '../simulation.ts';
import type { StateRecord } from './records.ts';
import type { StateSession } from './state-file.ts';

/** When the simulation began, which may be long before its process. */
export const beganAt = ({ kept, keep }: StateSession, clock: Clock): Date => {
  const [first] = kept;
  if (first?.is === 'began') return new Date(first.at);
  const now = clock();
  keep({ is: 'began', at: now.toISOString() });
  return now;
};

const restoreOne = (simulation: Simulation, record: StateRecord): void => {
  const { ledger, events, operations, keys, vehicles, subjects, profiles, world, faults, webhooks } = simulation;
  switch (record.is) {
    case 'began':
      return;
    case 'effect':
      return ledger.restore(record.effect);
    case 'event':
      return events.restore(record.event);
    case 'operation':
      operations.restore(record.operation);
      return keys.restorePromise(record.operation);
    case 'operation-ended':
      return operations.restoreEnd(record.id, record.end);
    case 'key':
      return keys.restore(record.key);
    case 'permits':
      return vehicles.restore(record.unitId, record.permits, record.gone);
    case 'subject':
      return subjects.restore(record.subject.unitId, record.subject.subjectRef, record.subject);
    case 'subject-removed':
      return subjects.restore(record.unitId, record.subjectRef, 'deleted');
    case 'profile':
      return profiles.restore(record.profile, record.siteId ?? undefined);
    case 'version':
      return world.restoreVersion(record.version);
    case 'webhook':
      return webhooks.subscriptions.restore(record.subscription);
    case 'webhook-removed':
      return webhooks.subscriptions.restoreRemoval(record.id);
    case 'webhook-told':
      return webhooks.restoreProgress(record.id, record.progress);
    case 'fault':
      return faults.restore(record.fault);
    case 'faults-removed':
      return faults.restoreRemoval(record.id ?? undefined);
  }
};

/** What was promised and has not ended goes on: it may end late, or expire. */
export const restore = (simulation: Simulation, kept: readonly StateRecord[]): void => {
  for (const record of kept) restoreOne(simulation, record);
  simulation.operations.resume();
  if (kept.length > 0) simulation.webhooks.resume();
};
