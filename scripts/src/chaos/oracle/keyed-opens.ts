/** Opens by v2: the ledger names the key, and the key is the operation. */
import { type Effect, type History, type Operation, type Sending, type Violation, WITHOUT_EFFECT } from '../history.ts';
import { judgeDeadline, judgeRight } from './rights.ts';
import { sharesPulse } from './shared-pulse.ts';

const judgeEffects = (history: History, operation: Operation, effects: Effect[]): Violation[] => {
  const { id: operationId, state } = operation;
  const violations = effects.flatMap((effect) => [
    ...judgeDeadline(history, operation, effect),
    ...judgeRight(history, operation, effect),
  ]);
  if (operation.follows !== null)
    violations.push({
      counter: 'duplicated',
      reason: 'it follows another, and opened for itself',
      operationId,
      effects,
    });
  if (effects.length > 1)
    violations.push({ counter: 'duplicated', reason: `it opened ${effects.length} times`, operationId, effects });
  if (WITHOUT_EFFECT.has(state))
    violations.push({ counter: 'falseNotOpened', reason: `it is ${state}, and it opened`, operationId, effects });
  return violations;
};

export const judgeKeyedOpens = (history: History): Violation[] => {
  const keyed = new Set(history.points.filter(({ apiVersion }) => apiVersion === 'v2').map(({ target }) => target));
  const pulses = history.effects.filter(({ kind, apiVersion }) => kind === 'open' && apiVersion === 'v2');
  const byKey = Map.groupBy(pulses, ({ idempotencyKey }) => idempotencyKey ?? '');
  const byTarget = Map.groupBy(pulses, ({ target }) => target);
  const opens = new Map(history.operations.filter(({ kind }) => kind === 'OPEN').map((open) => [open.id, open]));

  const done = [...byKey].flatMap(([key, effects]): Violation[] => {
    const operation = opens.get(key);
    if (operation) return judgeEffects(history, operation, effects);
    const reason = `${effects[0]?.target} opened under ${key ? `the key ${key}` : 'no key'}: nobody's open`;
    return effects.map((effect) => ({ counter: 'duplicated', reason, effects: [effect] }));
  });
  const pretended = [...opens.values()].filter(
    (open) =>
      open.state === 'SUCCEEDED' &&
      open.target !== undefined &&
      keyed.has(open.target) &&
      !byKey.has(open.id) &&
      !sharesPulse(open, byTarget.get(open.target) ?? []),
  );
  return [
    ...done,
    ...pretended.map(
      ({ id }): Violation => ({ counter: 'lost', reason: 'it is SUCCEEDED, and nothing opened', operationId: id }),
    ),
  ];
};

/** Half of what a gate is held open for is longer: a pulse before that stops or reverses the one before it. */
const TOGGLED_BACK_WITHIN_MS = 1_500;

/** Whoever taps while a gate is being opened is served by the pulse that opens it. */
export const judgeToggles = ({ effects, points }: History): Violation[] => {
  const toggles = new Set(
    points.flatMap(({ target, toggle, apiVersion }) => (toggle && apiVersion === 'v2' ? target : [])),
  );
  const pulses = effects.filter(
    ({ kind, target, apiVersion }) => kind === 'open' && apiVersion === 'v2' && toggles.has(target),
  );
  return [...Map.groupBy(pulses, ({ target }) => target).values()].flatMap((ofOne) =>
    ofOne
      .toSorted((one, other) => one.at - other.at)
      .flatMap((pulse, index, sorted): Violation[] => {
        const before = sorted[index - 1];
        // Two under one key are counted already.
        if (!before || before.idempotencyKey === pulse.idempotencyKey || pulse.at - before.at >= TOGGLED_BACK_WITHIN_MS)
          return [];
        const reason = `the toggle ${pulse.target} got a second pulse ${pulse.at - before.at} ms after the first`;
        return [{ counter: 'duplicated', reason, effects: [before, pulse] }];
      }),
  );
};

/**
 * A toggle is sent at most once. A request that is repeated because its token was refused is no second sending: it then
 * carries another token.
 */
export const judgeSendings = ({ sendings, points }: History): Violation[] => {
  const toggles = new Set(points.filter(({ toggle }) => toggle).map(({ target }) => target));
  const requests = Map.groupBy(
    sendings.filter(({ target }) => toggles.has(target)),
    ({ key, authorization }: Sending) => `${key} ${authorization}`,
  );
  return [...requests.values()].flatMap((repeated): Violation[] => {
    const [first] = repeated;
    if (!first || repeated.length === 1) return [];
    const reason = `the toggle ${first.target} was sent ${repeated.length} times under one key`;
    return [{ counter: 'duplicated', reason, operationId: first.key }];
  });
};
