/** How a person's data may be shown. */
import type { Person } from '../model.ts';
import type { PersonSight } from '../policy.ts';

/** `Анна Ветрова` → `А*** В***`: enough to confirm a name that one was told, not to learn it. */
export const maskName = (name: string): string =>
  name
    .split(/\s+/u)
    .filter((word) => word !== '')
    .map((word) => `${[...word][0]}***`)
    .join(' ');

/** A person as one viewer may see them; what may not be seen is not in it. */
export type PersonView = { readonly id: string; readonly displayName: string; readonly phone: string };

export const viewPerson = ({ id, displayName, phone }: Person, sight: PersonSight): PersonView => ({
  id,
  displayName: sight === 'CLEAR' ? displayName : maskName(displayName),
  phone,
});
