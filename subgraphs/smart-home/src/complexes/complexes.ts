/** Complexes: which version of the platform serves them, how it does, and what can be done through it. */
import type { Clock } from '@house/kernel/clock';
import { isTooLate } from '@house/kernel/subgraph';
import type { Resolvers } from '../generated/resolvers.ts';
import { type Platform, PlatformFault } from '../platform/platform.ts';
import { maySeeAccess, membershipIn } from '../policy.ts';

export const createComplexes = ({
  platform,
  clock,
}: {
  platform: Platform;
  clock: Clock;
}): { resolvers: Resolvers } => ({
  resolvers: {
    Complex: {
      // Of a complex where the caller has neither a home nor a post, nothing is said.
      __resolveReference: async ({ id }, { principal, standing, complexes }) => {
        const { memberships } = await standing();
        const livesThere = memberships.some(
          (membership) =>
            membership.premises.complex.id === id &&
            membershipIn({ memberships: [membership], consents: [] }, membership.premises.id, clock()),
        );
        if (!livesThere && !principal.complexes.includes(id)) return null;
        return (await complexes.load(id)) ? { id } : null;
      },
      platform: async ({ id }, _, { complexes, platformDeadline }) => {
        const bound = await complexes.load(id);
        if (!bound) throw new Error('a complex that was just found is missing');
        return platform.binding(bound.siteId, platformDeadline);
      },
    },
    Premises: {
      capabilities: async ({ id }, _, { principal, standing, premises, platformDeadline }) => {
        const bound = await premises.load(id);
        if (!bound?.unit || !maySeeAccess(principal, await standing(), bound, clock())) return [];
        try {
          return await platform.capabilities(bound.siteId, platformDeadline);
        } catch (error) {
          // As long as nobody has ever said which version serves the site, nothing can be done there.
          if (error instanceof PlatformFault || isTooLate(error)) return [];
          throw error;
        }
      },
    },
  },
});
