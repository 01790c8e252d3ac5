/** Access points, and opening them. */
import type { Handler } from '@house/kernel/outbox';
import type { Resolvers } from '../generated/resolvers.ts';
import { createDeliverOpen } from './deliver-open.ts';
import { createOpenAccessPoint } from './open-access-point.ts';
import { createRemoveSubject } from './remove-subject.ts';
import { createAccessResolvers } from './resolvers.ts';

export { type AccessPointDirectory, createAccessPointDirectory, type KnownAccessPoint } from './directory.ts';
export { createSentOpens } from './sent-opens.ts';
export { createTellFollowers } from './share-pulse.ts';

export const createAccess = (
  deps: Parameters<typeof createOpenAccessPoint>[0] &
    Parameters<typeof createDeliverOpen>[0] &
    Parameters<typeof createRemoveSubject>[0],
): { resolvers: Resolvers; commands: Record<'OPEN' | 'SUBJECT_REMOVE', Handler> } => ({
  resolvers: createAccessResolvers({ openAccessPoint: createOpenAccessPoint(deps), clock: deps.clock }),
  commands: { OPEN: createDeliverOpen(deps), SUBJECT_REMOVE: createRemoveSubject(deps) },
});
