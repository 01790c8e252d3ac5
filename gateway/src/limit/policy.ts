/** How often a root field may be used, by whom and on what: data, so that an operator can change it without a release. */
import type { WhenUnknown } from './counter.ts';

/** Who asks: the account, or the client program, which a whole town may share. */
const ASKING = ['actor', 'client'] as const;

/**
 * What it is done to, named by an argument. A plate is not among them: an answer that its budget is spent would tell that
 * somebody else has used it. The smart-home subgraph counts plates, and answers nothing.
 */
const TARGETS = ['premises', 'accessPoint', 'vehicle', 'membership', 'subject', 'site'] as const;

export const COUNTED_PER = [...ASKING, ...TARGETS] as const;
type CountedPer = (typeof COUNTED_PER)[number];

export const isTarget = (per: CountedPer): boolean => !(ASKING as readonly string[]).includes(per);

/** At most `max` uses in any `windowMs`. */
export type Budget = {
  readonly per: CountedPer;
  /** Where a target is named, e.g. `input.accessPointId`. A field that is asked without it has no such target. */
  readonly argument?: string | undefined;
  readonly max: number;
  readonly windowMs: number;
  /** Fields with one bucket are counted together; the field alone when left out. */
  readonly bucket?: string | undefined;
};

/** Who fails to guess `failures` times `withinMs` is locked: for `firstMs`, then twice as long, up to `longestMs`. */
export type LockoutPolicy = {
  readonly failures: number;
  readonly withinMs: number;
  readonly firstMs: number;
  readonly longestMs: number;
};

export type FieldPolicy = {
  /** All of them must have a place. */
  readonly budgets: readonly Budget[];
  readonly whenUnknown: WhenUnknown;
  /** The account is locked out of this field, never anybody out of a target. `codes` of the payload are failed guesses. */
  readonly lockout?: (LockoutPolicy & { readonly codes: readonly string[] }) | undefined;
};

/** The short form: a budget per account. */
export type SimplePolicy = Pick<Budget, 'max' | 'windowMs' | 'bucket'>;

export type LimitPolicy =
  | SimplePolicy
  | readonly Budget[]
  | (Pick<FieldPolicy, 'budgets'> & Partial<Omit<FieldPolicy, 'budgets'>>);

/** Policies by schema coordinate, e.g. `Mutation.openAccessPoint`. */
export type LimitPolicies = Readonly<Record<string, LimitPolicy>>;

const isList = (policy: LimitPolicy): policy is readonly Budget[] => Array.isArray(policy);

/** The full form of any form. What is left out: the own count decides, nobody is locked out. */
export const fieldPolicyOf = (policy: LimitPolicy): FieldPolicy => {
  if (isList(policy)) return { budgets: policy, whenUnknown: 'own' };
  if ('budgets' in policy) return { whenUnknown: 'own', ...policy };
  return { budgets: [{ per: 'actor', ...policy }], whenUnknown: 'own' };
};

export const bucketOf = (coordinate: string, { bucket }: Budget): string => bucket ?? coordinate;
