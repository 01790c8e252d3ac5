/**
 * What a person is in which premises, as the owners subgraph says. Asked through one internal query: in-process when
 * embedded, over HTTP otherwise.
 */
import type { Clock } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import type { Principal } from '@house/kernel/principal';
import { type Deadline, isTooLate, type Subgraph } from '@house/kernel/subgraph';
import { z } from 'zod';

const time = z.union([z.date(), z.iso.datetime({ offset: true })]).transform((value) => new Date(value));

const membership = z.object({
  id: z.string(),
  role: z.enum(['OWNER', 'RESIDENT', 'TENANT']),
  permissions: z.array(z.string()),
  status: z.string(),
  validFrom: time,
  validUntil: time.nullable(),
  premises: z.object({
    id: z.string(),
    complex: z.object({ id: z.string() }),
    suspension: z.object({ since: time, until: time.nullable() }).nullable(),
  }),
});
const answer = z.object({
  me: z.object({
    memberships: z.array(membership),
    consents: z.array(z.object({ purpose: z.string(), status: z.string(), expiresAt: time.nullable() })),
  }),
});

export type Membership = z.output<typeof membership>;
export type Standing = z.output<typeof answer>['me'];

const QUERY = `query Standing {
  me {
    consents { purpose status expiresAt }
    memberships(activeOnly: true) {
      id role permissions status validFrom validUntil
      premises { id complex { id } suspension { since until } }
    }
  }
}`;

/** A person without any membership: strangers, and accounts that the owners do not know. */
const NOBODY: Standing = { memberships: [], consents: [] };

/** How old an answer may be for reading; mutations and commands always ask afresh. */
const READ_FRESH_MS = 1_000;
const REMEMBERED = 10_000;

export type Standings = {
  /** For reading: at most a second old. */
  recent(principal: Principal, deadline?: Deadline): Promise<Standing>;
  /** For deciding about an effect: asked now. @throws HouseError when the owners cannot be asked. */
  fresh(principal: Principal, deadline?: Deadline): Promise<Standing>;
};

/** Acts for a person whose command is due; owners answers about that person and nothing else. */
export const onBehalfOf = (subject: string, commandId: string, now: Date): Principal => ({
  subject,
  clientId: 'smart-home',
  roles: ['service'],
  scopes: ['premises:read'],
  complexes: [],
  tokenId: commandId,
  expiresAt: new Date(now.getTime() + 60_000),
});

export const createStandings = ({ owners, clock }: { owners: Subgraph; clock: Clock }): Standings => {
  const remembered = new Map<string, { at: number; standing: Promise<Standing> }>();

  const fresh = async (principal: Principal, deadline?: Deadline): Promise<Standing> => {
    deadline?.requireTime();
    const { data, errors } = await owners.execute({
      query: QUERY,
      principal,
      traceId: principal.tokenId,
      deadline: deadline?.next(),
    });
    if (errors?.[0]?.extensions?.['code'] === 'DEADLINE_EXCEEDED') throw new HouseError('DEADLINE_EXCEEDED');
    if (errors?.[0]?.extensions?.['code'] === 'FORBIDDEN') return NOBODY;
    const parsed = answer.safeParse(data);
    if (!parsed.success) throw new HouseError('SERVICE_UNAVAILABLE', { cause: errors?.[0] ?? parsed.error });
    return parsed.data.me;
  };

  return {
    fresh,
    recent: (principal, deadline) => {
      const now = clock().getTime();
      const known = remembered.get(principal.subject);
      // A clock that was put back must not make an old answer young for as long.
      if (known && Math.abs(now - known.at) < READ_FRESH_MS)
        return known.standing.catch((error: unknown) => {
          // Whoever asked first had less time than this one.
          if (!isTooLate(error) || deadline?.leftMs() === 0) throw error;
          return fresh(principal, deadline);
        });
      if (remembered.size >= REMEMBERED) remembered.clear();
      const standing = fresh(principal, deadline);
      remembered.set(principal.subject, { at: now, standing });
      standing.catch(() => {
        if (remembered.get(principal.subject)?.standing === standing) remembered.delete(principal.subject);
      });
      return standing;
    },
  };
};
