/** Operations: promises made to callers. Other rooms accept through `accept`; this room shows what became of it. */
import type { Resolvers } from '../generated/resolvers.ts';
import { createOperationResolvers } from './resolvers.ts';

export { type Accept, createAccept } from './accept.ts';
export { createOperationStore, type OperationRecord, type OperationStore, type PageQuery } from './store.ts';

export const createOperations = (deps: Parameters<typeof createOperationResolvers>[0]): { resolvers: Resolvers } => ({
  resolvers: createOperationResolvers(deps),
});
