/**
 * Vehicles of one premises: a sequence of additions and removals, each accepted before the next was asked for. What the
 * platform did must be that sequence, and what it has in the end must be what the sequence gives.
 */
import {
  type Effect,
  FINAL,
  type Flat,
  type History,
  type Operation,
  type Violation,
  WITHOUT_EFFECT,
} from '../history.ts';
import { judgeRight } from './rights.ts';

/** One accepted intent with what became of it, in the order of acceptance. */
type Step = { adds: boolean; plate: string; operation: Operation };

const EFFECT = { true: 'plate.add', false: 'plate.remove' } as const;
const effectOf = ({ adds }: Step): string => EFFECT[`${adds}`];

const stepsOf = ({ intents, operations }: History, premisesId: string): Step[] => {
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const byKey = new Map(
    operations.flatMap((operation) => operation.keys.map((key) => [`${operation.subject} ${key}`, operation] as const)),
  );
  return intents
    .filter((intent) => intent.premisesId === premisesId && intent.place !== undefined)
    .toSorted((one, other) => (one.place ?? 0) - (other.place ?? 0))
    .flatMap(({ kind, plate, operationIds, subject, key }) => {
      // An acceptance whose answer was lost is one all the same.
      const operation = byId.get(operationIds[0] ?? '') ?? byKey.get(`${subject} ${key}`);
      return operation && plate !== undefined ? [{ adds: kind === 'VEHICLE_ADD', plate, operation }] : [];
    });
};

/** Nobody knows whether it happened: it excuses either. */
const isOpen = ({ operation }: Step): boolean => !FINAL.has(operation.state);

/** What the sequence gives when what is SUCCEEDED has happened and nothing else has. */
const outcomeOf = (steps: readonly Step[]): { effective: Step[]; plates: string[] } => {
  const effective: Step[] = [];
  let plates: string[] = [];
  for (const step of steps) {
    if (step.operation.state !== 'SUCCEEDED' || plates.includes(step.plate) === step.adds) continue;
    effective.push(step);
    plates = step.adds ? [...plates, step.plate] : plates.filter((plate) => plate !== step.plate);
  }
  return { effective, plates };
};

const judgeKeyed = (history: History, steps: readonly Step[], effects: readonly Effect[]): Violation[] => {
  const byKey = Map.groupBy(effects, ({ idempotencyKey }) => idempotencyKey ?? '');
  const expected = new Set(outcomeOf(steps).effective);
  const known = new Set(steps.map(({ operation }) => operation.id));
  const violations = steps.flatMap((step): Violation[] => {
    const { id: operationId, state } = step.operation;
    const own = byKey.get(operationId) ?? [];
    if (own.length === 0)
      return expected.has(step) && !steps.some((other) => isOpen(other) && other.plate === step.plate)
        ? [{ counter: 'lost', reason: `it is SUCCEEDED, and there is no ${effectOf(step)}`, operationId }]
        : [];
    return [
      ...(own.length > 1
        ? [{ counter: 'duplicated' as const, reason: `it took effect ${own.length} times`, operationId, effects: own }]
        : []),
      ...(WITHOUT_EFFECT.has(state)
        ? [
            {
              counter: 'falseNotOpened' as const,
              reason: `it is ${state}, and it took effect`,
              operationId,
              effects: own,
            },
          ]
        : []),
      ...(step.adds ? own.flatMap((effect) => judgeRight(history, step.operation, effect)) : []),
    ];
  });
  const unknown = effects.filter(({ idempotencyKey }) => !known.has(idempotencyKey ?? ''));
  const places = new Map(steps.map(({ operation }, index) => [operation.id, index]));
  const overtaken = effects.filter((effect, index) => {
    const place = places.get(effect.idempotencyKey ?? '') ?? -1;
    return (
      place >= 0 && effects.slice(0, index).some((before) => (places.get(before.idempotencyKey ?? '') ?? -1) > place)
    );
  });
  return [
    ...violations,
    ...unknown.map(
      (effect): Violation => ({
        counter: 'duplicated',
        reason: `${effect.kind} under the key ${effect.idempotencyKey ?? '(none)'}, which is no operation`,
        effects: [effect],
      }),
    ),
    ...overtaken.map(
      (effect): Violation => ({
        counter: 'outOfOrder',
        reason: `its ${effect.kind} came after that of an operation which was accepted later`,
        ...(effect.idempotencyKey !== undefined && { operationId: effect.idempotencyKey }),
        effects: [effect],
      }),
    ),
  ];
};

/** Whether `kinds` is the sequence of the effective steps, with any of those that nobody knows of between them. */
const explains = (steps: readonly Step[], effective: ReadonlySet<Step>, kinds: readonly string[]): boolean => {
  /** After each step: how many of `kinds` may be explained by then. */
  let reached = new Set([0]);
  for (const step of steps) {
    const next = new Set<number>();
    for (const count of reached) {
      if (!effective.has(step)) next.add(count);
      if ((effective.has(step) || isOpen(step)) && kinds[count] === effectOf(step)) next.add(count + 1);
    }
    reached = next;
  }
  return reached.has(kinds.length);
};

const count = (items: readonly string[], wanted: string): number => items.filter((item) => item === wanted).length;

/** The first version tells neither key nor plate: what can be compared is how often, and in which order. */
const judgeUnkeyed = (premisesId: string, steps: readonly Step[], effects: readonly Effect[]): Violation[] => {
  const { effective } = outcomeOf(steps);
  const kinds = effects.map(({ kind }) => kind);
  if (explains(steps, new Set(effective), kinds)) return [];
  const unknown = steps.filter(isOpen);
  const violations: Violation[] = [];
  for (const kind of Object.values(EFFECT)) {
    const least = effective.filter((step) => effectOf(step) === kind).length;
    const most = least + unknown.filter((step) => effectOf(step) === kind).length;
    const found = count(kinds, kind);
    for (let missing = found; missing < least; missing += 1)
      violations.push({ counter: 'lost', reason: `${kind}: ${least} are SUCCEEDED, ${found} happened`, premisesId });
    const denied = steps.filter((step) => effectOf(step) === kind && WITHOUT_EFFECT.has(step.operation.state));
    for (let more = most; more < found; more += 1) {
      const denial = denied.pop();
      violations.push(
        denial
          ? {
              counter: 'falseNotOpened',
              reason: `it is ${denial.operation.state}, and one ${kind} more happened than were SUCCEEDED`,
              operationId: denial.operation.id,
              effects: [...effects],
            }
          : {
              counter: 'duplicated',
              reason: `${kind}: at most ${most} were asked for, ${found} happened`,
              premisesId,
              effects: [...effects],
            },
      );
    }
  }
  if (violations.length > 0) return violations;
  const reason = 'the platform did other things first than were accepted first';
  return [{ counter: 'outOfOrder', reason, premisesId, effects: [...effects] }];
};

const judgeList = ({ premisesId, plates }: Flat, steps: readonly Step[]): Violation[] => {
  if (steps.some(isOpen)) return [];
  const expected = outcomeOf(steps).plates;
  if (expected.join() === plates.join()) return [];
  const reason = `in the end the platform has [${plates.join(' ')}], the sequence gives [${expected.join(' ')}]`;
  return [{ counter: 'outOfOrder', reason, premisesId }];
};

export const judgeVehicles = (history: History): Violation[] =>
  history.flats.flatMap((flat) => {
    const steps = stepsOf(history, flat.premisesId);
    const effects = history.effects.filter(({ kind, target }) => kind.startsWith('plate.') && target === flat.unitId);
    const violations =
      flat.apiVersion === 'v2' ? judgeKeyed(history, steps, effects) : judgeUnkeyed(flat.premisesId, steps, effects);
    // What went wrong on the way is not counted once more for what it left behind.
    return violations.length > 0 ? violations : judgeList(flat, steps);
  });
