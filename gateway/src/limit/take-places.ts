/**
 * How much? graphql-rate-limit's rules in front of the limited root fields, on a store of ours that counts atomically:
 * the stores that come with it let 200 of 200 concurrent calls through a limit of 5.
 */

import { HouseError } from '@house/kernel/errors';
import type { Log } from '@house/kernel/telemetry';
import { type GraphQLError, type GraphQLSchema, isObjectType } from 'graphql';
import { createRateLimitRule, type Store } from 'graphql-rate-limit';
import {
  allow,
  argumentsOf,
  createGuards,
  type Guards,
  infoOf,
  type RuleContext,
  type RuleTree,
  type ShieldRule,
} from '../authorize/authorize.ts';
import { collectFields, type Operation } from '../operation.ts';
import { refuseOperation } from '../refusal.ts';
import { type Counter, keyOf } from './counter.ts';
import { bucketOf, type LimitPolicies, type LimitPolicy } from './policies.ts';

/**
 * The store of one policy. Everything happens in `getForIdentity`: it counts, and throws when there is no place, because
 * only an error can carry the waiting time through the rule. `setForIdentity` has nothing left to do.
 */
const createAtomicStore = ({
  counter,
  policy,
  bucket,
}: {
  counter: Counter;
  policy: LimitPolicy;
  bucket: string;
}): Store => ({
  getForIdentity: async ({ contextIdentity }) => {
    const waitMs = await counter.take(keyOf(bucket, contextIdentity), policy);
    if (waitMs > 0) throw new HouseError('RATE_LIMITED', { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
    return [];
  },
  setForIdentity: () => undefined,
});

const toRule = (coordinate: string, policy: LimitPolicy, counter: Counter): ShieldRule =>
  createRateLimitRule({
    store: createAtomicStore({ counter, policy, bucket: bucketOf(coordinate, policy) }),
    identifyContext: (context: RuleContext) => context.principal.subject,
  })({ max: policy.max, window: `${policy.windowMs}ms` });

type LimitDeps = {
  readonly policies: LimitPolicies;
  readonly schema: GraphQLSchema;
  readonly counter: Counter;
  readonly log: Log;
};

const toTree = ({ policies, schema, counter, log }: LimitDeps): RuleTree => {
  const tree: Record<string, Record<string, ShieldRule>> = {};
  for (const [coordinate, policy] of Object.entries(policies)) {
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    const type = schema.getType(typeName);
    // A policy may be older or newer than the supergraph that happens to be loaded; a misspelt one looks the same.
    if (!isObjectType(type) || !Object.hasOwn(type.getFields(), fieldName)) {
      log.warn('limit-without-a-field', { resource: coordinate });
      continue;
    }
    tree[typeName] = { ...tree[typeName], [fieldName]: toRule(coordinate, policy, counter) };
  }
  return tree;
};

/** The guards of the limited fields of one schema. `debug` lets the store's error out of the rule. */
export const createLimitGuards = (deps: LimitDeps): Guards =>
  createGuards({
    tree: toTree(deps),
    schema: deps.schema,
    fallbackRule: allow,
    fallbackError: new HouseError('SERVICE_UNAVAILABLE'),
    debug: true,
  });

const longest = (errors: readonly HouseError[]): number =>
  Math.max(0, ...errors.map(({ retryAfterSeconds = 0 }) => retryAfterSeconds));

/**
 * Counts every root field that the operation resolves, an alias as one more. A request with more of them than there are
 * places is refused as a whole, and the places it did get are spent.
 * @returns one error for each field that is over its limit, or that cannot be counted now (fail closed).
 */
export const takePlaces = async (guards: Guards, operation: Operation, log: Log): Promise<readonly GraphQLError[]> => {
  const { rootType: type } = operation;
  const context: RuleContext = { principal: operation.principal, _shield: { cache: {} } };
  const refused: { error: HouseError; name: string }[] = [];
  for (const [name, nodes] of collectFields(operation, type, [operation.definition.selectionSet])) {
    const field = type.getFields()[nodes[0].name.value];
    const guard = field && guards.of(type.name, field.name);
    if (!field || !guard) continue;
    try {
      const args = argumentsOf(operation, field, nodes[0]);
      const verdict = await guard(() => undefined, {}, args, context, infoOf(operation, type, field, nodes));
      if (verdict instanceof Error) throw verdict;
    } catch (error) {
      const known = error instanceof HouseError ? error : new HouseError('SERVICE_UNAVAILABLE', { cause: error });
      if (known.code !== 'RATE_LIMITED') log.error('limit-failed', { traceId: operation.traceId, error: known });
      refused.push({ error: known, name });
    }
  }
  // The request passes when the last of its fields does.
  const retryAfterSeconds = longest(refused.map(({ error }) => error));
  return refused.map(({ error, name }) => refuseOperation(error, [name], retryAfterSeconds));
};
