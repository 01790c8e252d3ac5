/**
 * Which type of ours stands behind a GraphQL type when one resolver hands it to the next, per subgraph.
 *
 * The value is `path#Name`, the path as seen from `subgraphs/<name>/src/generated/`, or a type written out. A type
 * without a row is handed on whole, with the mapped types inside it replaced.
 */
import type { SubgraphName } from '@house/schema/subgraph-sdl.ts';

export type Mappers = Readonly<Record<SubgraphName, Readonly<Record<string, string>>>>;

export const MAPPERS: Mappers = {
  owners: {},
  'smart-home': {
    Complex: '{ readonly id: string }',
    Premises: '{ readonly id: string }',
    AccessPoint: '../access/access.ts#KnownAccessPoint',
    Operation: '../operations/operations.ts#OperationRecord',
    VehiclePermit: '../vehicles/vehicles.ts#VehiclePermitRecord',
  },
};
