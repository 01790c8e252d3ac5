/**
 * The one door to graphql-shield. Its ESM build does not load on Node 23 or newer (it imports `util.isUndefined`, which
 * is gone), so the CommonJS build is loaded, and `chain` and `race` get the function that they miss.
 */
import { createRequire } from 'node:module';
import type { GraphQLResolveInfo, GraphQLSchema } from 'graphql';

const require = createRequire(import.meta.url);
const util = require('node:util') as { isUndefined?: (value: unknown) => boolean };
util.isUndefined ??= (value) => value === undefined;

/** A rule of shield; opaque here, because its own types allow anything. */
export type ShieldRule = { readonly name?: string };

/** What shield does in front of one field. `resolve` is called when the rule allows; its result is handed through. */
export type FieldGuard = (
  resolve: () => unknown,
  parent: unknown,
  args: Readonly<Record<string, unknown>>,
  context: object,
  info: GraphQLResolveInfo,
) => Promise<unknown>;

/** Guards by type and field. Shield wraps a guard whose rule is a logic rule. */
type GuardMap = Readonly<Record<string, Readonly<Record<string, FieldGuard | { readonly resolve: FieldGuard }>>>>;

export type RuleTree = Readonly<Record<string, Readonly<Record<string, ShieldRule>>>>;

type Shield = {
  readonly shield: (
    tree: RuleTree,
    options: { fallbackRule: ShieldRule; fallbackError: Error; debug?: boolean },
  ) => { generate(schema: GraphQLSchema): GuardMap };
  readonly rule: (
    name: string,
    options: { cache: 'no_cache' | 'strict' },
  ) => (
    decide: (
      parent: unknown,
      args: Readonly<Record<string, unknown>>,
      context: object,
    ) => boolean | Error | Promise<boolean | Error>,
  ) => ShieldRule;
  readonly and: (...rules: ShieldRule[]) => ShieldRule;
  readonly or: (...rules: ShieldRule[]) => ShieldRule;
  readonly chain: (...rules: ShieldRule[]) => ShieldRule;
  readonly race: (...rules: ShieldRule[]) => ShieldRule;
  readonly allow: ShieldRule;
  readonly deny: ShieldRule;
};

const loaded = require('graphql-shield') as Shield;
export const { rule, and, or, chain, race, allow, deny } = loaded;

/** Stands where a field is open by the table: it asks nothing, so that whoever knows it need not call it. */
export const openGuard: FieldGuard = async (resolve) => resolve();

/** Shield's guards for every object type of a schema, asked by coordinate. */
export type Guards = { of(type: string, field: string): FieldGuard | undefined };

/**
 * Shield's own middleware, generated for `schema` from `tree`.
 * @throws when the tree names a type or a field that the schema does not have.
 */
export const createGuards = ({
  tree,
  schema,
  ...options
}: {
  tree: RuleTree;
  schema: GraphQLSchema;
  /** For a field without a rule. */
  fallbackRule: ShieldRule;
  /** The answer of a guard whose rule says no or throws. */
  fallbackError: Error;
  /** What a rule throws leaves the guard instead of becoming `fallbackError`. */
  debug?: boolean;
}): Guards => {
  const guards = loaded.shield(tree, options).generate(schema);
  return {
    of: (type, field) => {
      const ofType = Object.hasOwn(guards, type) ? guards[type] : undefined;
      const guard = ofType && Object.hasOwn(ofType, field) ? ofType[field] : undefined;
      return typeof guard === 'object' ? guard.resolve : guard;
    },
  };
};
