/** How often one principal may use a root field: data, so that an operator can change it without a release. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** At most `max` uses in any `windowMs`. Fields with one `bucket` are counted together. */
export type LimitPolicy = { readonly max: number; readonly windowMs: number; readonly bucket?: string | undefined };

/** Policies by schema coordinate, e.g. `Mutation.openAccessPoint`. */
export type LimitPolicies = Readonly<Record<string, LimitPolicy>>;

/** The longest window: counters live this long. */
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Enough for a family's day at its own doors; far too few to guess anything or to wear out a barrier. */
export const DEFAULT_LIMITS: LimitPolicies = {
  'Mutation.openAccessPoint': { max: 12, windowMs: 60_000 },
  'Mutation.addVehicle': { max: 30, windowMs: 3_600_000, bucket: 'vehicle-change' },
  'Mutation.removeVehicle': { max: 30, windowMs: 3_600_000, bucket: 'vehicle-change' },
  'Mutation.updateMembership': { max: 30, windowMs: 3_600_000, bucket: 'membership-change' },
  'Mutation.revokeMembership': { max: 30, windowMs: 3_600_000, bucket: 'membership-change' },
  'Mutation.leavePremises': { max: 30, windowMs: 3_600_000, bucket: 'membership-change' },
};

export const bucketOf = (coordinate: string, { bucket }: LimitPolicy): string => bucket ?? coordinate;

/** How often a nested field is resolved is not known before it is executed, so only root fields can be limited. */
const coordinate = z
  .string()
  .regex(/^(Query|Mutation)\.[_A-Za-z][_0-9A-Za-z]*$/, 'a root field, e.g. Mutation.openAccessPoint');

const policy = z.strictObject({
  max: z.number().int().min(1).max(10_000),
  windowMs: z.number().int().min(1_000).max(DAY_MS),
  bucket: z.string().min(1).max(100).optional(),
});

const oneMeasurePerBucket = (policies: LimitPolicies): boolean => {
  const measures = new Map<string, Set<string>>();
  for (const [name, one] of Object.entries(policies)) {
    const bucket = bucketOf(name, one);
    measures.set(bucket, (measures.get(bucket) ?? new Set()).add(`${one.max}/${one.windowMs}`));
  }
  return [...measures.values()].every(({ size }) => size === 1);
};

const policies = z
  .record(coordinate, policy)
  .refine(oneMeasurePerBucket, 'fields that share a bucket share max and windowMs');

/**
 * Policies as JSON of the same shape as `DEFAULT_LIMITS`, which they replace as a whole.
 * @throws Error that says which policy is wrong and what it expects.
 */
export const parseLimits = (text: string): LimitPolicies => {
  const parsed = policies.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const message =
      issue.code === 'invalid_key' ? issue.issues.map((inner) => inner.message).join(', ') : issue.message;
    return `  ${issue.path.join('.')}: ${message}`;
  });
  throw new TypeError(`The limit policies cannot be used:\n${problems.join('\n')}`);
};

/** The policies of a JSON file. @throws Error that says what is wrong with it. */
export const readLimits = (path: string): LimitPolicies => parseLimits(readFileSync(path, 'utf8'));
