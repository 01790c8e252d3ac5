/** What members of premises do to each other with the app, in the app's own documents. */
import { documentOf } from '../../support/documents.ts';
import { eventually, newKey, type TestHouse } from '../../support/house.ts';
import type { Home, Resident, UserError } from '../../support/residents.ts';

export type MembershipAnswer = {
  membership: { id: string; status: string; permissions?: string[]; validUntil?: string | null } | null;
  errors: UserError[];
};
type Change = (input: Record<string, unknown>) => Promise<MembershipAnswer>;

/** Whatever an input lacks is the usual: a new key. */
export const memberOf = async (
  house: TestHouse,
  user: string,
): Promise<{ revoke: Change; update: Change; leave: Change }> => {
  const app = await house.app(user);
  const change =
    (document: string): Change =>
    async (input) => {
      const { data } = await app.mutate({
        mutation: documentOf(document),
        variables: { input: { idempotencyKey: newKey(), ...input } },
      });
      const [answer] = Object.values(data as Record<string, MembershipAnswer>);
      if (!answer) throw new Error(`${document} answered nothing`);
      return answer;
    };
  return {
    revoke: change('revoke-membership'),
    update: change('update-membership'),
    leave: change('leave-premises'),
  };
};

/** The home with its doors: a busy machine may be too slow to ask the platform for them the first time. */
export const homeWithDoors = (resident: Resident, label: string): Promise<Home> =>
  eventually(
    () => resident.home(label),
    ({ accessPoints }) => accessPoints !== null,
  );
