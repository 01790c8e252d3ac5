import type { Clock } from '@house/kernel/clock';
import type { Principal } from '@house/kernel/principal';
import { createDeadline, type Deadline, type TimedRequest } from '@house/kernel/subgraph';
import DataLoader from 'dataloader';
import type { AccessPointDirectory, KnownAccessPoint } from './access/access.ts';
import type { Bindings, BoundComplex, BoundPremises } from './bindings.ts';
import type { OperationRecord, OperationStore, PageQuery } from './operations/operations.ts';
import type { Standing, Standings } from './standing.ts';
import type { VehiclePermitRecord, VehicleStore } from './vehicles/vehicles.ts';

/** Enough to answer with what was known before, and with everything else that was asked for. */
const KEPT_BACK_MS = 100;

/** What resolvers share during one request: who asks, and loaders that ask for everything once. */
export type Context = {
  principal: Principal;
  /** What is asked for this request, of whomever, is bounded by it. */
  deadline: Deadline;
  /** Until when a read waits for the platform: it may hang, and the rest of the answer has to arrive. */
  platformDeadline: Deadline;
  /** The caller's memberships, at most a second old. */
  standing(): Promise<Standing>;
  premises: DataLoader<string, BoundPremises | undefined>;
  complexes: DataLoader<string, BoundComplex | undefined>;
  /** Access points of premises, by the premises' id; null: unknown. */
  accessPoints: DataLoader<string, KnownAccessPoint[] | null>;
  permitsOf: DataLoader<string, VehiclePermitRecord[]>;
  permit: DataLoader<string, VehiclePermitRecord | undefined>;
  operation: DataLoader<string, OperationRecord | undefined>;
  operationsOf: DataLoader<PageQuery, OperationRecord[], string>;
};

export const createContextFactory =
  ({
    standings,
    bindings,
    directory,
    vehicles,
    operations,
    clock,
  }: {
    standings: Standings;
    bindings: Bindings;
    directory: AccessPointDirectory;
    vehicles: VehicleStore;
    operations: OperationStore;
    clock: Clock;
  }) =>
  ({ principal, deadline }: TimedRequest): Context => {
    let standing: Promise<Standing> | undefined;
    const platformDeadline = createDeadline(Math.max(0, deadline.leftMs() - KEPT_BACK_MS));
    const premises = new DataLoader((ids: readonly string[]) => bindings.premises(ids));
    return {
      principal,
      deadline,
      platformDeadline,
      standing: () => {
        standing ??= standings.recent(principal, deadline);
        return standing;
      },
      premises,
      complexes: new DataLoader((ids: readonly string[]) => bindings.complexes(ids)),
      accessPoints: new DataLoader((ids: readonly string[]) =>
        Promise.all(
          ids.map(async (id) => {
            const bound = await premises.load(id);
            return bound ? directory.of(bound, platformDeadline) : null;
          }),
        ),
      ),
      permitsOf: new DataLoader((ids: readonly string[]) => vehicles.ofPremises(ids)),
      permit: new DataLoader((ids: readonly string[]) => vehicles.byIds(ids)),
      operation: new DataLoader((ids: readonly string[]) => operations.byIds(ids)),
      operationsOf: new DataLoader((queries: readonly PageQuery[]) => operations.pages(queries, clock()), {
        cacheKeyFn: (query) => JSON.stringify(query),
      }),
    };
  };
