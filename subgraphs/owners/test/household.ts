/** A flat of its own for one test, with the members that the test names, and what they do to each other. */
import { randomBytes, randomUUID } from 'node:crypto';
import { later } from '@house/kernel/clock';
import type { Principal } from '@house/kernel/principal';
import type { Deadline } from '@house/kernel/subgraph';
import type { Membership } from '../src/model.ts';
import { DAY_MS, principalOf, SEEDED_AT, type startOwners } from './start-owners.ts';

type Started = Awaited<ReturnType<typeof startOwners>>;
type NewMember = Partial<Omit<Membership, 'status'>> & {
  readonly role: Membership['role'];
  readonly status?: 'PENDING' | 'ACTIVE' | 'SUSPENDED' | 'REVOKED';
  /** Another name of the same flat. */
  readonly by?: string;
};

export type Shown = {
  id: string;
  status: string;
  permissions: string[];
  validUntil: string | null;
  person: { displayName: string };
  premises: { members: { edges: { node: { id: string } }[] } };
};
export type Changed = {
  /** Of the payload; undefined when the whole request was refused. */
  membership: Shown | null | undefined;
  errors: { code: string; message: string; path: string[] | null }[];
  /** At the top of the answer. */
  codes: string[];
};
export type Mutation = 'revokeMembership' | 'updateMembership' | 'leavePremises';

const documentOf = (name: Mutation): string => {
  const input = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  return `mutation ($input: ${input}!) {
    ${name}(input: $input) {
      membership {
        id status permissions validUntil person { displayName } premises { members { edges { node { id } } } }
      }
      errors { code message path }
    }
  }`;
};

export const createHousehold = async (
  { database, features: [people, premises, memberships], ask }: Started,
  members: Readonly<Record<string, NewMember>>,
) => {
  const flat = randomBytes(4).toString('hex');
  const premisesId = `pr_${flat}`;
  const idOf = (name: string) => `me_${flat}_${name}`;
  const accountOf = (name: string) => `${name}-${flat}`;
  await premises.add(database, { id: premisesId, complexId: 'cx_a', kind: 'APARTMENT', label: `Кв. ${flat}` });
  for (const [name, { by, ...member }] of Object.entries(members)) {
    const person = { id: `pe_${flat}_${name}`, account: accountOf(name), displayName: name, phone: '+79161234567' };
    await people.add(database, person);
    await memberships.add(database, {
      id: idOf(name),
      personId: person.id,
      premisesId,
      invitedBy: by === undefined ? null : idOf(by),
      permissions: ['ACCESS_OPEN', 'JOURNAL_READ', 'MEMBER_INVITE'],
      status: 'ACTIVE',
      validFrom: SEEDED_AT,
      validUntil: member.role === 'TENANT' ? later(SEEDED_AT, 30 * DAY_MS) : null,
      ...member,
    });
  }
  const signedIn = (who: string, changes: Partial<Principal> = {}): Principal =>
    principalOf(who in members ? accountOf(who) : who, {
      scopes: ['premises:read', 'members:write'],
      authTime: SEEDED_AT,
      ...changes,
    });
  return {
    premisesId,
    idOf,
    accountOf,
    /** A member by name, or somebody of the seeded world, who signed in just now. */
    signedIn,
    /** What the input lacks is the usual: a new key. */
    change: async (
      as: string | Principal,
      name: Mutation,
      input: Record<string, unknown>,
      deadline?: Deadline,
    ): Promise<Changed> => {
      const principal = typeof as === 'string' ? signedIn(as) : as;
      const variables = { input: { idempotencyKey: randomUUID(), ...input } };
      const { data, codes } = await ask(principal, documentOf(name), variables, deadline);
      const answer = data?.[name] as Pick<Changed, 'membership' | 'errors'> | undefined;
      return { membership: answer?.membership, errors: answer?.errors ?? [], codes };
    },
    statusOf: async (name: string): Promise<string | undefined> => {
      const [row] = await database.query<{ status: string }>('SELECT status FROM owners.memberships WHERE id = $1', [
        idOf(name),
      ]);
      return row?.status;
    },
    /** Commands about this flat that wait to be delivered. */
    commands: () =>
      database.query(
        `SELECT kind, class, order_key AS "orderKey", body, created_at AS "createdAt", not_after AS "notAfter"
         FROM outbox.commands WHERE body->>'premisesId' = $1 ORDER BY seq`,
        [premisesId],
      ),
  };
};
