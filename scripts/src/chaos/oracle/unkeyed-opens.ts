/**
 * Opens by v1: the ledger names the point and the moment only. Each pulse must belong to an operation of its own, and
 * each finished operation must have one: a matching is looked for that explains as many pulses as possible, those who
 * said that they opened first, those who said that they don't know next.
 */
import { type Effect, type History, type Operation, type Violation, WITHOUT_EFFECT } from '../history.ts';
import { judgeDeadline, judgeRight } from './rights.ts';
import { sharesPulse } from './shared-pulse.ts';

/** The clocks of one machine agree; a timestamp is taken a little before or after what it stands for. */
const CLOCK_MS = 50;
/** An operation whose end nobody knows may still have its pulse this long after its deadline. */
const STILL_POSSIBLE_MS = 15_000;

/** Whether the pulse may be the operation's at all. */
const fits = (operation: Operation, { at }: Effect): boolean => {
  const { createdAt, finishedAt, deadline, state } = operation;
  const latest = state === 'SUCCEEDED' && finishedAt !== null ? finishedAt : deadline + STILL_POSSIBLE_MS;
  return at >= createdAt - CLOCK_MS && at <= latest + CLOCK_MS;
};

type Fits = (operation: Operation, pulse: Effect) => boolean;

/** Kuhn's matching: an operation that was given a pulse keeps one, though perhaps another. */
const createMatching = (pulses: readonly Effect[]) => {
  const owners = new Map<Effect, Operation>();
  const give = (operation: Operation, may: Fits, tried: Set<Effect>): boolean => {
    for (const pulse of pulses) {
      if (tried.has(pulse) || !may(operation, pulse)) continue;
      tried.add(pulse);
      const owner = owners.get(pulse);
      if (owner && !give(owner, may, tried)) continue;
      owners.set(pulse, operation);
      return true;
    }
    return false;
  };
  return { owners, give: (operation: Operation, may: Fits) => give(operation, may, new Set()) };
};

/** In favour of the product: whatever explains a pulse without a breach explains it. */
const match = (
  history: History,
  operations: readonly Operation[],
  pulses: readonly Effect[],
): ReadonlyMap<Effect, Operation> => {
  const { owners, give } = createMatching(pulses);
  const isInTime: Fits = (operation, pulse) =>
    fits(operation, pulse) &&
    judgeDeadline(history, operation, pulse).length === 0 &&
    judgeRight(history, operation, pulse).length === 0;
  const opened = operations.filter(({ state }) => state === 'SUCCEEDED');
  const unknown = operations.filter(({ state }) => state !== 'SUCCEEDED' && !WITHOUT_EFFECT.has(state));
  const denied = operations.filter(({ state }) => WITHOUT_EFFECT.has(state));
  const served = () => new Set(owners.values());
  for (const [candidates, may] of [
    [opened, isInTime],
    [unknown, isInTime],
    [opened, fits],
    [unknown, fits],
    [denied, fits],
  ] as const)
    for (const operation of candidates) if (!served().has(operation)) give(operation, may);
  return owners;
};

const judgePoint = (history: History, operations: readonly Operation[], pulses: readonly Effect[]): Violation[] => {
  // What follows another is not handed over: it explains no pulse.
  const leaders = operations.filter(({ follows }) => follows === null);
  const owners = match(history, leaders, pulses);
  const served = new Set(owners.values());
  const pretended = operations.filter(
    (operation) => operation.state === 'SUCCEEDED' && !served.has(operation) && !sharesPulse(operation, pulses),
  );
  return [
    ...pulses.flatMap((pulse): Violation[] => {
      const operation = owners.get(pulse);
      if (!operation)
        return [{ counter: 'duplicated', reason: `${pulse.target} opened once more than asked`, effects: [pulse] }];
      const { id: operationId, state } = operation;
      if (WITHOUT_EFFECT.has(state))
        return [{ counter: 'falseNotOpened', reason: `it is ${state}, and it opened`, operationId, effects: [pulse] }];
      return [...judgeDeadline(history, operation, pulse), ...judgeRight(history, operation, pulse)];
    }),
    ...pretended.map(
      ({ id }): Violation => ({ counter: 'lost', reason: 'it is SUCCEEDED, and nothing opened', operationId: id }),
    ),
  ];
};

export const judgeUnkeyedOpens = (history: History): Violation[] => {
  const pulses = history.effects.filter(({ kind, apiVersion }) => kind === 'open' && apiVersion === 'v1');
  const operations = history.operations.filter(({ kind }) => kind === 'OPEN');
  // A gate is a point of many flats.
  const targets = new Set(history.points.flatMap(({ target, apiVersion }) => (apiVersion === 'v1' ? [target] : [])));
  return [...targets].flatMap((target) =>
    judgePoint(
      history,
      operations.filter((operation) => operation.target === target),
      pulses.filter((pulse) => pulse.target === target),
    ),
  );
};
