/**
 * Who can sign in: the seeded people, what their roles may hold, and where staff serve.
 * The server knows nobody else; an unknown handle is refused, never created.
 */
import { isRole, ROLES, scopesOf } from '@house/schema/roles.ts';
import { SEED_PEOPLE } from '@house/schema/seed.ts';

export type Person = { handle: string; roles: readonly string[]; complexes: readonly string[] };
export type People = {
  find(handle: string): Person | undefined;
  handles: readonly string[];
  /** `requested` ∩ what the person's roles hold; everything they hold when nothing was requested. */
  scopesFor(person: Person, requested: readonly string[]): string[];
};

/** Every scope that some role holds: what the server can issue at all. */
export const ALL_SCOPES: readonly string[] = [...new Set(Object.values(ROLES).flat())].sort();

export const createPeople = (people: readonly Person[] = SEED_PEOPLE): People => {
  const byHandle = new Map(people.map((person) => [person.handle, person]));
  return {
    find: (handle) => byHandle.get(handle),
    handles: [...byHandle.keys()],
    scopesFor(person, requested) {
      const held: ReadonlySet<string> = scopesOf(person.roles.filter(isRole));
      return requested.length === 0 ? [...held] : requested.filter((scope) => held.has(scope));
    },
  };
};
