/** Histories made by hand: a house in which everything went well, to be spoilt in one place. */
import type { Effect, Flat, History, Intent, Operation } from '../history.ts';

/** A round number to count from. */
export const NOON = Date.UTC(2026, 0, 15, 12);

export const history = (parts: Partial<History>): History => ({
  intents: [],
  operations: [],
  effects: [],
  sendings: [],
  revocations: [],
  standstills: [],
  flats: [],
  shown: [],
  points: [
    { target: 'ap_door', apiVersion: 'v2', toggle: false },
    { target: 'ap_gate', apiVersion: 'v2', toggle: true },
    { target: 'ap_old', apiVersion: 'v1', toggle: false },
  ],
  ...parts,
});

/** An open of ten seconds that succeeded after one. */
export const open = (id: string, parts: Partial<Operation> = {}): Operation => {
  const { createdAt = NOON, state = 'SUCCEEDED' } = parts;
  return {
    id,
    kind: 'OPEN',
    state,
    subject: 'anna',
    premisesId: 'pr_1',
    keys: [`key of ${id}`],
    follows: null,
    target: 'ap_door',
    createdAt,
    deadline: createdAt + 10_000,
    attempts: 1,
    finishedAt: state === 'UNKNOWN_OUTCOME' ? null : createdAt + 1_000,
    commandState: state,
    ...parts,
  };
};

/** An open of another person's that follows `leader`: it was never handed over itself. */
export const following = (leader: Operation, id: string, parts: Partial<Operation> = {}): Operation => ({
  ...leader,
  id,
  subject: 'boris',
  premisesId: 'pr_2',
  keys: [`key of ${id}`],
  follows: leader.id,
  attempts: 0,
  commandState: null,
  ...parts,
});

let sequence = 0;
/** A pulse under the key of `id`, half a second after it was asked for. */
export const pulse = (id: string, parts: Partial<Effect> = {}): Effect => {
  sequence += 1;
  return { sequence, at: NOON + 500, kind: 'open', target: 'ap_door', idempotencyKey: id, apiVersion: 'v2', ...parts };
};
/** A pulse of v1, which names nobody. */
export const oldPulse = (at: number): Effect => {
  const { idempotencyKey: _, ...effect } = pulse('', { at, target: 'ap_old', apiVersion: 'v1' });
  return effect;
};

export const accepted = (operation: Operation, parts: Partial<Intent> = {}): Intent => ({
  key: operation.keys[0] ?? '',
  kind: operation.kind as Intent['kind'],
  subject: operation.subject,
  premisesId: operation.premisesId,
  operationIds: [operation.id],
  reusedAs: [],
  ...parts,
});

export type Car = { adds: boolean; plate: string; state?: string };

/**
 * A flat and its sequence of vehicles: operation `op_0`, `op_1`, … `done` are the places of those that the platform did,
 * in the order in which it did them.
 */
export const vehicles = (
  apiVersion: 'v1' | 'v2',
  cars: readonly Car[],
  { done, plates }: { done: readonly number[]; plates: string[] },
): History => {
  const operations = cars.map(({ adds, state }, place) =>
    open(`op_${place}`, { kind: adds ? 'VEHICLE_ADD' : 'VEHICLE_REMOVE', ...(state !== undefined && { state }) }),
  );
  const flat: Flat = { premisesId: 'pr_1', unitId: 'unit_1', apiVersion, plates };
  return history({
    operations,
    intents: operations.map((operation, place) => accepted(operation, { place, plate: cars[place]?.plate ?? '' })),
    effects: done.map((place): Effect => {
      const kind = cars[place]?.adds ? 'plate.add' : 'plate.remove';
      const effect = pulse(`op_${place}`, { kind, target: 'unit_1', apiVersion });
      if (apiVersion === 'v2') return effect;
      const { idempotencyKey: _, ...unnamed } = effect;
      return unnamed;
    }),
    flats: [flat],
  });
};
