/**
 * The limited fields of one schema, each behind graphql-rate-limit's rule. Its stores read, then write, and let 200 of 200
 * concurrent calls through a limit of 5; ours counts when it is read, for the whole operation in one atomic step.
 */
import { HouseError } from '@house/kernel/errors';
import type { Log } from '@house/kernel/telemetry';
import { type GraphQLField, type GraphQLSchema, isObjectType } from 'graphql';
import { createRateLimitRule, type Store } from 'graphql-rate-limit';
import {
  allow,
  createGuards,
  infoOf,
  type RuleContext,
  type RuleTree,
  type ShieldRule,
} from '../authorize/authorize.ts';
import type { Operation } from '../operation.ts';
import { hasArgument } from './places.ts';
import { type FieldPolicy, fieldPolicyOf, type LimitPolicies } from './policy.ts';

type AskedField = {
  readonly operation: Operation;
  readonly field: GraphQLField<unknown, unknown>;
  readonly args: Readonly<Record<string, unknown>>;
  /** Counts. @returns the milliseconds until the field has its places; 0 when it has them. */
  readonly decide: () => Promise<number>;
};

export type LimitedField = {
  readonly coordinate: string;
  readonly policy: FieldPolicy;
  /** Asks the rule. @throws HouseError `RATE_LIMITED` with the waiting time, or what `decide` throws. */
  ask(asked: AskedField): Promise<void>;
};

export type LimitedFields = { of(type: string, field: string): LimitedField | undefined };

/** The rule hands its store nothing but a string that it got from the context: the number under which `decide` waits. */
type NumberedContext = RuleContext & { readonly number: string };

/**
 * The store of every rule. Everything happens in `getForIdentity`: it counts, and throws when there is no place, because
 * only an error can carry the waiting time through the rule. `setForIdentity` has nothing left to do.
 */
const createAtomicStore = (decisions: ReadonlyMap<string, () => Promise<number>>): Store => ({
  getForIdentity: async ({ contextIdentity }) => {
    const decide = decisions.get(contextIdentity);
    if (!decide) throw new HouseError('INTERNAL');
    const waitMs = await decide();
    if (waitMs > 0) throw new HouseError('RATE_LIMITED', { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
    return [];
  },
  setForIdentity: () => undefined,
});

/**
 * Policies whose field and arguments the schema has. A policy may be older or newer than the supergraph that happens to be
 * loaded; a misspelt one looks the same, so that the operator is told.
 */
const policiesFor = (policies: LimitPolicies, schema: GraphQLSchema, log: Log): ReadonlyMap<string, FieldPolicy> => {
  const known = new Map<string, FieldPolicy>();
  for (const [coordinate, told] of Object.entries(policies)) {
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    const type = schema.getType(typeName);
    const field =
      isObjectType(type) && Object.hasOwn(type.getFields(), fieldName) ? type.getFields()[fieldName] : undefined;
    if (!field) {
      log.warn('limit-without-a-field', { resource: coordinate });
      continue;
    }
    const policy = fieldPolicyOf(told);
    const budgets = policy.budgets.filter(({ argument }) => {
      const isThere = argument === undefined || hasArgument(field, argument);
      if (!isThere) log.warn('limit-without-an-argument', { resource: `${coordinate}(${argument})` });
      return isThere;
    });
    known.set(coordinate, { ...policy, budgets });
  }
  return known;
};

const toTree = (policies: ReadonlyMap<string, FieldPolicy>, store: Store): RuleTree => {
  const createRule = createRateLimitRule({ store, identifyContext: ({ number }: NumberedContext) => number });
  const tree: Record<string, Record<string, ShieldRule>> = {};
  for (const coordinate of policies.keys()) {
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    // Its own measure is the store's: one more use than none is within it.
    tree[typeName] = { ...tree[typeName], [fieldName]: createRule({ max: 1, window: '1s' }) };
  }
  return tree;
};

export const createLimitedFields = ({
  policies,
  schema,
  log,
}: {
  policies: LimitPolicies;
  schema: GraphQLSchema;
  log: Log;
}): LimitedFields => {
  const decisions = new Map<string, () => Promise<number>>();
  const known = policiesFor(policies, schema, log);
  const guards = createGuards({
    tree: toTree(known, createAtomicStore(decisions)),
    schema,
    fallbackRule: allow,
    fallbackError: new HouseError('SERVICE_UNAVAILABLE'),
    // Lets the store's error out of the rule.
    debug: true,
  });
  let asked = 0;
  return {
    of: (type, name) => {
      const coordinate = `${type}.${name}`;
      const policy = known.get(coordinate);
      const guard = guards.of(type, name);
      if (!policy || !guard) return undefined;
      return {
        coordinate,
        policy,
        ask: async ({ operation, field, args, decide }) => {
          const number = String((asked += 1));
          const context: NumberedContext = { principal: operation.principal, number, _shield: { cache: {} } };
          decisions.set(number, decide);
          try {
            const info = infoOf(operation, operation.rootType, field, []);
            const verdict = await guard(() => undefined, {}, args, context, info);
            if (verdict instanceof Error) throw verdict;
          } finally {
            decisions.delete(number);
          }
        },
      };
    },
  };
};
