/** Operations: promises made to callers. Other rooms accept through `accept`; this room shows what became of it. */
import type { Resolvers } from '../generated/resolvers.ts';
import { createOperationResolvers } from './resolvers.ts';

export { type Accept, type Asker, createAccept } from './accept.ts';
export { createFollowers, type Followers } from './followers.ts';
export type { OperationRecord } from './record.ts';
export { createOperationStore, type OperationStore, type PageQuery } from './store.ts';

export const createOperations = (deps: Parameters<typeof createOperationResolvers>[0]): { resolvers: Resolvers } => ({
  resolvers: createOperationResolvers(deps),
});
