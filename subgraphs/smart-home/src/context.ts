import type { Principal } from '@house/kernel/principal';
import type { SubgraphRequest } from '@house/kernel/subgraph';
import DataLoader from 'dataloader';
import type { AccessPointDirectory, KnownAccessPoint } from './access/access.ts';
import type { Bindings, BoundComplex, BoundPremises } from './bindings.ts';
import type { OperationRecord, OperationStore, PageQuery } from './operations/operations.ts';
import type { Standing, Standings } from './standing.ts';
import type { VehiclePermitRecord, VehicleStore } from './vehicles/vehicles.ts';

/** What resolvers share during one request: who asks, and loaders that ask for everything once. */
export type Context = {
  principal: Principal;
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
  }: {
    standings: Standings;
    bindings: Bindings;
    directory: AccessPointDirectory;
    vehicles: VehicleStore;
    operations: OperationStore;
  }) =>
  ({ principal }: SubgraphRequest): Context => {
    let standing: Promise<Standing> | undefined;
    const premises = new DataLoader((ids: readonly string[]) => bindings.premises(ids));
    return {
      principal,
      standing: () => {
        standing ??= standings.recent(principal);
        return standing;
      },
      premises,
      complexes: new DataLoader((ids: readonly string[]) => bindings.complexes(ids)),
      accessPoints: new DataLoader((ids: readonly string[]) =>
        Promise.all(
          ids.map(async (id) => {
            const bound = await premises.load(id);
            return bound ? directory.of(bound) : null;
          }),
        ),
      ),
      permitsOf: new DataLoader((ids: readonly string[]) => vehicles.ofPremises(ids)),
      permit: new DataLoader((ids: readonly string[]) => vehicles.byIds(ids)),
      operation: new DataLoader((ids: readonly string[]) => operations.byIds(ids)),
      operationsOf: new DataLoader((queries: readonly PageQuery[]) => operations.pages(queries), {
        cacheKeyFn: (query) => JSON.stringify(query),
      }),
    };
  };
