/** Policies from a file: the shipped ones are replaced as a whole, and every fault is told with its place. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Budget, bucketOf, COUNTED_PER, fieldPolicyOf, isTarget, type LimitPolicies } from './policy.ts';

/** The longest window: counters live this long. */
const DAY_MS = 24 * 60 * 60 * 1_000;

/** How often a nested field is resolved is not known before it is executed, so only root fields can be limited. */
const COORDINATE = /^(Query|Mutation)\.[_A-Za-z][_0-9A-Za-z]*$/;

const measure = {
  max: z.number().int().min(1).max(10_000),
  windowMs: z.number().int().min(1_000).max(DAY_MS),
  bucket: z.string().min(1).max(100).optional(),
};

const budget = z
  .strictObject({
    per: z.enum(COUNTED_PER, `one of ${COUNTED_PER.join(', ')}`),
    argument: z
      .string()
      .regex(/^[_A-Za-z]\w*(\.[_A-Za-z]\w*)*$/, 'a path of names, e.g. input.accessPointId')
      .optional(),
    ...measure,
  })
  .refine(
    ({ per, argument }) => isTarget(per) === (argument !== undefined),
    'a target is named by an argument, who asks is not',
  );

const budgets = z.array(budget).min(1).max(10);

const lockout = z
  .strictObject({
    failures: z.number().int().min(1).max(10_000),
    withinMs: z.number().int().min(1_000).max(DAY_MS),
    firstMs: z.number().int().min(1_000).max(DAY_MS),
    longestMs: z.number().int().min(1_000).max(DAY_MS),
    codes: z.array(z.string().regex(/^[A-Z_]+$/, 'codes as in docs/errors.md')).min(1),
  })
  .refine(({ firstMs, longestMs }) => firstMs <= longestMs, 'the first lock is not longer than the longest');

const simple = z.strictObject(measure);
const full = z.strictObject({
  budgets,
  whenUnknown: z.enum(['own', 'refuse'], 'own or refuse').optional(),
  lockout: lockout.optional(),
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** By the form that is meant: a union of all would tell nobody which of its forms was missed where. */
const schemaOf = (policy: unknown) => {
  if (Array.isArray(policy)) return budgets;
  return isRecord(policy) && Object.hasOwn(policy, 'budgets') ? full : simple;
};

const faultsOf = (coordinate: string, policy: unknown): string[] => {
  if (!COORDINATE.test(coordinate)) return [`${coordinate}: a root field, e.g. Mutation.openAccessPoint`];
  const parsed = schemaOf(policy).safeParse(policy);
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${[coordinate, ...path].join('.')}: ${message}`);
};

const measuresOf = (all: readonly Budget[]): string =>
  all
    .map(({ max, windowMs }) => `${max}/${windowMs}`)
    .sort()
    .join();

/** Fields that share a bucket are counted together only where they are measured alike. */
const bucketFaults = (policies: LimitPolicies): string[] => {
  const known = new Map<string, string>();
  return Object.entries(policies).flatMap(([coordinate, policy]) => {
    const byBucket = Map.groupBy(fieldPolicyOf(policy).budgets, (one) => `${bucketOf(coordinate, one)} per ${one.per}`);
    return [...byBucket].flatMap(([bucket, all]) => {
      const measures = measuresOf(all);
      const first = known.get(bucket) ?? measures;
      known.set(bucket, first);
      return first === measures ? [] : [`${coordinate}: fields that share a bucket share max and windowMs (${bucket})`];
    });
  });
};

/**
 * Policies as JSON of the same shape as `DEFAULT_LIMITS`, which they replace as a whole.
 * @throws Error that says which policy is wrong and what it expects.
 */
export const parseLimits = (text: string): LimitPolicies => {
  const told: unknown = JSON.parse(text);
  if (!isRecord(told)) throw new TypeError('The limit policies cannot be used:\n  an object by coordinates');
  const faults = Object.entries(told).flatMap(([coordinate, policy]) => faultsOf(coordinate, policy));
  const problems = faults.length > 0 ? faults : bucketFaults(told as LimitPolicies);
  if (problems.length === 0) return told as LimitPolicies;
  throw new TypeError(`The limit policies cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
};

/** The policies of a JSON file. @throws Error that says what is wrong with it. */
export const readLimits = (path: string): LimitPolicies => parseLimits(readFileSync(path, 'utf8'));
