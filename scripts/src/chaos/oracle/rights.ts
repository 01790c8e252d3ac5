/** Whether an effect came too late: after its deadline, or after the person's right to it had ended. */
import type { Effect, History, Operation, Violation } from '../history.ts';

/** A right that ends takes a moment to be known everywhere: what is sent in this time still counts as allowed. */
const RIGHT_ENDS_WITHIN_MS = 1_000;
/**
 * The platform of profile C does not know deadlines, so what counts is when it was sent: the device's latency and a busy
 * machine lie between that and the effect.
 */
const UNDER_WAY_MS = 1_000;
/** Who stood still between looking at the clock and sending goes on with what it had begun. */
const AFTER_STANDSTILL_MS = 2_000;

const late = (operation: Operation, effect: Effect, reason: string): Violation => ({
  counter: 'late',
  reason,
  operationId: operation.id,
  effects: [effect],
});

const excused = ({ standstills }: History, deadline: number, at: number): boolean =>
  standstills.some(
    ({ from, to }) => from <= deadline && to >= deadline - UNDER_WAY_MS && at <= to + AFTER_STANDSTILL_MS,
  );

export const judgeDeadline = (history: History, operation: Operation, effect: Effect): Violation[] => {
  const overdue = effect.at - operation.deadline;
  if (effect.apiVersion === 'v2')
    return overdue > 0 ? [late(operation, effect, `it opened ${overdue} ms after its deadline`)] : [];
  return overdue > UNDER_WAY_MS && !excused(history, operation.deadline, effect.at)
    ? [late(operation, effect, `it was sent after its deadline: it opened ${overdue} ms after it`)]
    : [];
};

export const judgeRight = ({ revocations }: History, operation: Operation, effect: Effect): Violation[] =>
  revocations
    .filter(
      ({ subject, premisesId, at, until }) =>
        subject === operation.subject &&
        premisesId === operation.premisesId &&
        effect.at > at + RIGHT_ENDS_WITHIN_MS &&
        effect.at < until,
    )
    .map(({ at }) => late(operation, effect, `it took effect ${effect.at - at} ms after the right to it had ended`));
