/** How premises may be shown, and when a suspension is in force. */
import type { Premises, Suspension } from '../model.ts';
import type { PremisesSight } from '../policy.ts';

/** Everything from the first digit on is masked, in one length: `Кв. 12` → `Кв. ***`. */
export const maskLabel = (label: string): string => {
  const digit = label.search(/\p{N}/u);
  return digit === -1 ? '***' : `${label.slice(0, digit)}***`;
};

export const inForce = (suspension: Suspension, now: Date): boolean =>
  suspension.since <= now && (suspension.until === null || now < suspension.until);

/** Premises as one viewer may see them; what may not be seen is not in them. */
export const viewPremises = (premises: Premises, sight: PremisesSight): Premises => ({
  ...premises,
  label: sight.label === 'CLEAR' ? premises.label : maskLabel(premises.label),
  suspension: sight.suspension ? premises.suspension : null,
});
