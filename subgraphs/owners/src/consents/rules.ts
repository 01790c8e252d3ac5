/** What a consent is worth at a given moment. */
import type { Consent, ConsentStatus } from '../model.ts';

export type StoredConsent = Omit<Consent, 'status'> & { readonly supersededAt: Date | null };

/** The person's own word comes first: a withdrawn consent reads as withdrawn whatever else happened to it. */
export const statusAt = ({ withdrawnAt, supersededAt, expiresAt }: StoredConsent, now: Date): ConsentStatus => {
  if (withdrawnAt !== null) return 'WITHDRAWN';
  if (supersededAt !== null) return 'SUPERSEDED';
  return expiresAt !== null && expiresAt <= now ? 'EXPIRED' : 'ACTIVE';
};
