/**
 * Promises of v2. An operation has its effect one device latency after it was accepted, or never: `expired` and
 * `cancelled` had none. Whether it is still in time is decided at the moment of the effect, not of the request.
 */
import type { Clock } from '@house/kernel/clock';
import { createId } from '../ids.ts';
import type { Stall } from '../stall.ts';
import type { Keep } from '../state/records.ts';
import type { Timers } from '../timers.ts';
import type { Order } from './orders.ts';
import type { ProblemDocument } from './problem.ts';

export type OperationState = 'accepted' | 'running' | 'succeeded' | 'failed' | 'expired' | 'cancelled';
export type OperationResult = { accessPointId: string } | { vehiclePermitId: string };
export type OperationEnd = {
  state: OperationState;
  result: OperationResult | null;
  problem: ProblemDocument | null;
  finishedAt: string | null;
};
export type Operation = OperationEnd & {
  readonly id: string;
  readonly clientId: string;
  readonly key: string;
  /** Of the request that the key stands for; null on a platform that does not know keys. */
  readonly fingerprint: string | null;
  readonly siteId: number;
  readonly createdAt: string;
  /** The platform never acts after it; null on one that does not care. */
  readonly expiresAt: string | null;
  readonly order: Order;
  readonly traceId: string;
};
export type EffectOutcome = { result: OperationResult } | { problem: ProblemDocument };

export type Promised = Pick<
  Operation,
  'clientId' | 'key' | 'fingerprint' | 'siteId' | 'expiresAt' | 'order' | 'traceId'
>;

export type Operations = {
  /** `settled` resolves when the operation has come to its end. */
  promise(promised: Promised): { operation: Operation; settled: Promise<void> };
  read(id: string): Operation | undefined;
  byKey(clientId: string, key: string): Operation | undefined;
  /** The newest of any client. */
  withKey(key: string): Operation | undefined;
  /** False when it is too late. */
  cancel(operation: Operation): boolean;
  /** One that was promised before the process began, and how it ended. */
  restore(operation: Operation): void;
  restoreEnd(id: string, end: OperationEnd): void;
  /** Goes on with what was promised and has not ended. */
  resume(): void;
};

/** As long as their keys. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

const UNFINISHED: ReadonlySet<OperationState> = new Set(['accepted', 'running']);

/** As the contract writes it. */
export const presentOperation = ({ id, key, order, state, result, problem, createdAt, finishedAt }: Operation) => ({
  id,
  key,
  kind: order.kind,
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
  keep: Keep;
  /** Called at most once for an operation, synchronously. */
  carryOut: (operation: Operation) => EffectOutcome;
  updated: (operation: Operation) => void;
}): Operations => {
  const { clock, timers, stall, deviceLatencyMs, keep, carryOut, updated } = deps;
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
  const add = (operation: Operation): void => {
    operations.set(operation.id, operation);
    keys.set(`${operation.clientId} ${operation.key}`, operation);
    anybodys.set(operation.key, operation);
  };

  const finish = (operation: Operation, end: Partial<OperationEnd> & Pick<OperationEnd, 'state'>) => {
    const whole = { result: null, problem: null, ...end, finishedAt: clock().toISOString() };
    Object.assign(operation, whole);
    keep({ is: 'operation-ended', id: operation.id, end: whole });
    updated(operation);
  };

  const run = async (operation: Operation): Promise<void> => {
    // Who asked is answered with `accepted`; whoever asks next sees it running.
    await Promise.resolve();
    if (operation.state === 'accepted') operation.state = 'running';
    await timers.after(deviceLatencyMs);
    await stall.passed();
    if (!UNFINISHED.has(operation.state)) return;
    if (operation.expiresAt !== null && clock() > new Date(operation.expiresAt))
      return finish(operation, { state: 'expired' });
    // From here on nothing is waited for: the effect and its operation are kept together.
    const outcome = carryOut(operation);
    finish(operation, 'problem' in outcome ? { state: 'failed', ...outcome } : { state: 'succeeded', ...outcome });
  };

  return {
    promise(promised) {
      forget();
      const operation: Operation = {
        ...promised,
        id: createId('op'),
        createdAt: clock().toISOString(),
        state: 'accepted',
        result: null,
        problem: null,
        finishedAt: null,
      };
      add(operation);
      keep({ is: 'operation', operation: { ...operation } });
      return { operation, settled: run(operation) };
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
    restore: add,
    restoreEnd(id, end) {
      const operation = operations.get(id);
      if (operation) Object.assign(operation, end);
    },
    resume() {
      for (const operation of operations.values()) if (UNFINISHED.has(operation.state)) void run(operation);
    },
  };
};
