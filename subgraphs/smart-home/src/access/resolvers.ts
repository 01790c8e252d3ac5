import type { Clock } from '@house/kernel/clock';
import { payload } from '@house/kernel/payload';
import type { Resolvers } from '../generated/resolvers.ts';
import type { Asker, OperationRecord } from '../operations/operations.ts';
import { maySeeAccess, membershipIn } from '../policy.ts';
import type { OpenAccessPoint } from './open-access-point.ts';

export const createAccessResolvers = ({
  openAccessPoint,
  clock,
}: {
  openAccessPoint: (asker: Asker, input: OpenAccessPoint) => Promise<OperationRecord>;
  clock: Clock;
}): Resolvers => ({
  Mutation: {
    openAccessPoint: (_, { input }, context) =>
      payload<{ operation: OperationRecord | null }>(
        async () => ({ operation: await openAccessPoint(context, input) }),
        { operation: null },
      ),
  },
  Premises: {
    accessPoints: async ({ id }, { kind }, { principal, standing, premises, accessPoints }) => {
      const bound = await premises.load(id);
      if (!bound || !maySeeAccess(principal, await standing(), bound, clock())) return null;
      const points = await accessPoints.load(id);
      return points && (kind ? points.filter((point) => point.kind === kind) : points);
    },
  },
  AccessPoint: {
    // An id alone says nothing about who may see it: it is looked for in the caller's own premises.
    __resolveReference: async ({ id }, { standing, accessPoints }) => {
      const { memberships } = await standing();
      const mine = memberships.filter((membership) =>
        membershipIn({ memberships: [membership], consents: [] }, membership.premises.id, clock()),
      );
      const lists = await accessPoints.loadMany(mine.map(({ premises }) => premises.id));
      return lists.flatMap((list) => (Array.isArray(list) ? list : [])).find((point) => point.id === id) ?? null;
    },
  },
});
