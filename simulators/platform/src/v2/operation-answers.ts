/** How v2 answers about its promises. */
import type { Answer, Call, Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import { type Operation, presentOperation } from './operations.ts';
import { problem } from './problem.ts';

const BASE = '/api/v2';

/** The answer to a request that made a promise, now and whenever it is repeated. */
export const promised = (operation: Operation): Answer => ({
  status: 202,
  headers: { Location: `${BASE}/operations/${operation.id}` },
  body: presentOperation(operation),
});

export const accepted = ({ operation, settled }: { operation: Operation; settled: Promise<void> }): Answer => ({
  ...promised(operation),
  settled,
  operationId: operation.id,
});

export const createOperationHandlers = (simulation: Simulation): Handlers => {
  const { operations, vehicles, profiles } = simulation;
  const state = (operation: Operation): Answer => ({ status: 200, body: presentOperation(operation) });
  /** Another client's operation is unknown. */
  const own = (call: Call): Operation | undefined => {
    const operation = operations.read(String(call.params.id));
    return operation?.clientId === call.clientId ? operation : undefined;
  };
  /** The resource that it made, while it exists. */
  const made = ({ order, result }: Operation): string | undefined => {
    if (order.kind !== 'plate.add' || !result || !('vehiclePermitId' in result)) return undefined;
    return vehicles.permit(result.vehiclePermitId) && `${BASE}/vehicle-permits/${result.vehiclePermitId}`;
  };
  return {
    readOperation(call) {
      const operation = own(call);
      if (!operation) return problem('not-found', { traceId: call.traceId });
      const location = made(operation);
      return location === undefined
        ? state(operation)
        : { ...state(operation), status: 303, headers: { Location: location } };
    },
    readOperationByKey(call) {
      const operation = operations.byKey(call.clientId, String(call.params.key));
      // A platform of profile C has no status by key.
      const known = operation && profiles.knowsKeys(operation.siteId);
      return known ? state(operation) : problem('not-found', { traceId: call.traceId });
    },
    cancelOperation(call) {
      const operation = own(call);
      if (!operation) return problem('not-found', { traceId: call.traceId });
      return operations.cancel(operation) ? state(operation) : problem('state-conflict', { traceId: call.traceId });
    },
  };
};
