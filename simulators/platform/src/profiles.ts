/**
 * What a platform promises (contract §5.9). **A** keeps keys, tells the status by key and never acts after `Expires-At`.
 * **B** keeps keys and tells the status, but acts as late as it comes to it. **C** knows no keys and no deadlines: what
 * is asked twice is done twice. A site says which of it it keeps (`features` of `GET /sites/{id}`).
 */
import type { Keep } from './state/records.ts';

export type Profile = 'A' | 'B' | 'C';

export type Profiles = {
  of(siteId: number): Profile;
  /** Without a site: everywhere, in place of what single sites had. */
  set(profile: Profile, siteId?: number): void;
  /** As `set` was called before the process began. */
  restore(profile: Profile, siteId?: number): void;
  knowsKeys(siteId: number): boolean;
  obeysDeadlines(siteId: number): boolean;
};

export const createProfiles = ({ keep }: { keep: Keep }): Profiles => {
  const profiles = new Map<number, Profile>();
  let everywhere: Profile = 'A';
  const of = (siteId: number): Profile => profiles.get(siteId) ?? everywhere;
  const restore = (profile: Profile, siteId?: number): void => {
    if (siteId !== undefined) return void profiles.set(siteId, profile);
    profiles.clear();
    everywhere = profile;
  };
  return {
    of,
    restore,
    set(profile, siteId) {
      restore(profile, siteId);
      keep({ is: 'profile', profile, siteId: siteId ?? null });
    },
    knowsKeys: (siteId) => of(siteId) !== 'C',
    obeysDeadlines: (siteId) => of(siteId) === 'A',
  };
};
