/**
 * Promises of v2. An operation has its effect one device latency after it was accepted, or never: `expired` and
 * `cancelled` had none. Whether it is still in time is decided at the moment of the effect, not of the request.
 */
import type { Clock } from '@house/kernel/clock';
import { createId } from '../ids.ts';
import type { EffectKind } from '../ledger.ts';
import type { Stall } from '../stall.ts';
import type { Timers } from '../timers.ts';
import type { ProblemDocument } from './problem.ts';

export type OperationState = 'accepted' | 'running' | 'succeeded' | 'failed' | 'expired' | 'cancelled';
export type OperationResult = { accessPointId: string } | { vehiclePermitId: string };
export type Operation = {
  readonly id: string;
  readonly clientId: string;
  readonly key: string;
  readonly kind: EffectKind;
  readonly siteId: number;
  readonly createdAt: string;
  readonly expiresAt: Date | undefined;
  state: OperationState;
  result: OperationResult | null;
  problem: ProblemDocument | null;
  finishedAt: string | null;
};
export type EffectOutcome = { result: OperationResult } | { problem: ProblemDocument };

export type Promised = {
  clientId: string;
  key: string;
  kind: EffectKind;
  siteId: number;
  /** The platform never acts after it. */
  expiresAt?: Date | undefined;
  /** Called at most once, synchronously. */
  effect: () => EffectOutcome;
};

export type Operations = {
  /** `settled` resolves when the operation has come to its end. */
  promise(promised: Promised): { operation: Operation; settled: Promise<void> };
  read(id: string): Operation | undefined;
  byKey(clientId: string, key: string): Operation | undefined;
  /** The newest of any client. */
  withKey(key: string): Operation | undefined;
  /** False when it is too late. */
  cancel(operation: Operation): boolean;
};

/** As long as their keys. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

const UNFINISHED: ReadonlySet<OperationState> = new Set(['accepted', 'running']);

/** As the contract writes it. */
export const presentOperation = ({ id, key, kind, state, result, problem, createdAt, finishedAt }: Operation) => ({
  id,
  key,
  kind,
  state,
  result,
  problem,
  createdAt,
  finishedAt,
});

export const createOperations = (deps: {
  clock: Clock;
  timers: Timers;
  stall: Stall;
  deviceLatencyMs: number;
  updated: (operation: Operation) => void;
}): Operations => {
  const { clock, timers, stall, deviceLatencyMs, updated } = deps;
  /** Oldest first. */
  const operations = new Map<string, Operation>();
  const keys = new Map<string, Operation>();
  const anybodys = new Map<string, Operation>();

  const forget = () => {
    const before = clock().getTime() - KEPT_MS;
    for (const operation of operations.values()) {
      if (Date.parse(operation.createdAt) > before) return;
      operations.delete(operation.id);
      const name = `${operation.clientId} ${operation.key}`;
      if (keys.get(name) === operation) keys.delete(name);
      if (anybodys.get(operation.key) === operation) anybodys.delete(operation.key);
    }
  };

  const finish = (
    operation: Operation,
    end: Pick<Operation, 'state'> & Partial<Pick<Operation, 'result' | 'problem'>>,
  ) => {
    Object.assign(operation, end, { finishedAt: clock().toISOString() });
    updated(operation);
  };

  const run = async (operation: Operation, effect: () => EffectOutcome): Promise<void> => {
    // Who asked is answered with `accepted`; whoever asks next sees it running.
    await Promise.resolve();
    if (operation.state === 'accepted') operation.state = 'running';
    await timers.after(deviceLatencyMs);
    await stall.passed();
    if (!UNFINISHED.has(operation.state)) return;
    if (operation.expiresAt && clock() > operation.expiresAt) return finish(operation, { state: 'expired' });
    const outcome = effect();
    finish(operation, 'problem' in outcome ? { state: 'failed', ...outcome } : { state: 'succeeded', ...outcome });
  };

  return {
    promise({ effect, clientId, key, kind, siteId, expiresAt }) {
      forget();
      const operation: Operation = {
        id: createId('op'),
        clientId,
        key,
        kind,
        siteId,
        createdAt: clock().toISOString(),
        expiresAt,
        state: 'accepted',
        result: null,
        problem: null,
        finishedAt: null,
      };
      operations.set(operation.id, operation);
      keys.set(`${clientId} ${key}`, operation);
      anybodys.set(key, operation);
      return { operation, settled: run(operation, effect) };
    },
    read: (id) => operations.get(id),
    byKey: (clientId, key) => keys.get(`${clientId} ${key}`),
    withKey: (key) => anybodys.get(key),
    cancel(operation) {
      if (operation.state === 'cancelled') return true;
      if (!UNFINISHED.has(operation.state)) return false;
      finish(operation, { state: 'cancelled' });
      return true;
    },
  };
};
