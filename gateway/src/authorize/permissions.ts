/**
 * The shield tree of one supergraph. Deny is the default: a root field without a directive is closed. A nested field
 * without one inherits the verdict of the field that leads to it, so it is allowed here in so many words.
 */

import { HouseError } from '@house/kernel/errors';
import { hasScope, type Principal } from '@house/kernel/principal';
import { type GraphQLSchema, isIntrospectionType, isObjectType } from 'graphql';
import type { Requirement, Requirements } from './directives.ts';
import {
  allow,
  and,
  createGuards,
  deny,
  type Guards,
  openGuard,
  or,
  type RuleTree,
  rule,
  type ShieldRule,
} from './shield.ts';

/** What a rule may look at. `_shield` is shield's own cache; it lives as long as one operation. */
export type RuleContext = { readonly principal: Principal; readonly _shield: { cache: Record<string, unknown> } };

/** A context without a principal never gets here; if one did, every rule says no. */
const principalOf = (context: object): Principal | undefined => (context as Partial<RuleContext>).principal;

const isAuthenticated = rule('authenticated', { cache: 'no_cache' })(
  (_parent, _args, context) => principalOf(context) !== undefined,
);

/** Rules are shared by name: shield refuses a tree in which two different rules have one name. */
const createScopeRules = (): ((scope: string) => ShieldRule) => {
  const known = new Map<string, ShieldRule>();
  return (scope) => {
    const existing = known.get(scope);
    if (existing) return existing;
    const created = rule(`scope ${scope}`, { cache: 'no_cache' })((_parent, _args, context) => {
      const principal = principalOf(context);
      return principal !== undefined && hasScope(principal, scope);
    });
    known.set(scope, created);
    return created;
  };
};

const rootsOf = (schema: GraphQLSchema): ReadonlySet<unknown> =>
  new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);

const toTree = (requirements: Requirements, schema: GraphQLSchema): RuleTree => {
  const scopeRule = createScopeRules();
  const toRule = ({ scopes }: Requirement): ShieldRule =>
    scopes ? and(isAuthenticated, or(...scopes.map((all) => and(...all.map(scopeRule))))) : isAuthenticated;
  const roots = rootsOf(schema);
  const ofType = (name: string, isRoot: boolean): [string, Record<string, ShieldRule>] => {
    const rules = [...(requirements.get(name) ?? [])].map(
      ([field, requirement]) => [field, toRule(requirement)] as const,
    );
    return [name, { ...Object.fromEntries(rules), '*': isRoot ? deny : allow }];
  };
  return Object.fromEntries(
    Object.values(schema.getTypeMap())
      .filter((type) => isObjectType(type) && !isIntrospectionType(type))
      .map((type) => ofType(type.name, roots.has(type))),
  );
};

/**
 * Nested fields without a requirement. Most of a screen is made of them, and shield's way to "yes" is long: its guard
 * stands before them too, but need not be asked.
 */
const openFields = (requirements: Requirements, schema: GraphQLSchema): ReadonlyMap<string, ReadonlySet<string>> => {
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) && !isIntrospectionType(type) && !rootsOf(schema).has(type),
  );
  return new Map(
    types.map((type) => {
      const fields = isObjectType(type) ? Object.keys(type.getFields()) : [];
      return [type.name, new Set(fields.filter((field) => !requirements.get(type.name)?.has(field)))];
    }),
  );
};

/**
 * @param schema every type and field of the supergraph.
 * @throws when a requirement names a type or a field that the schema does not have.
 */
export const createPermissions = ({
  requirements,
  schema,
}: {
  requirements: Requirements;
  schema: GraphQLSchema;
}): Guards => {
  const unknown = [...requirements.keys()].filter((name) => !isObjectType(schema.getType(name)));
  if (unknown.length > 0) throw new TypeError(`The supergraph has no object type ${unknown.join(', ')}`);
  const guards = createGuards({
    tree: toTree(requirements, schema),
    schema,
    fallbackRule: deny,
    fallbackError: new HouseError('FORBIDDEN'),
  });
  const open = openFields(requirements, schema);
  return { of: (type, field) => (open.get(type)?.has(field) ? openGuard : guards.of(type, field)) };
};
