/** What one use of a field takes a place of. */
import { hash } from 'node:crypto';
import type { Principal } from '@house/kernel/principal';
import { type GraphQLField, type GraphQLInputType, getNullableType, isInputObjectType, isLeafType } from 'graphql';
import { keyOf, type Places } from './counter.ts';
import { type Budget, bucketOf, type FieldPolicy, isTarget } from './policy.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** Of one length whatever a client sends as an id, and no id or account can be read in a store. */
export const digestOf = (...parts: readonly string[]): string => hash('sha256', keyOf(...parts), 'base64url');

const isRecord = (value: unknown): value is Arguments => typeof value === 'object' && value !== null;

const valueAt = (args: Arguments, path: string): string | undefined => {
  let value: unknown = args;
  for (const name of path.split('.')) value = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value === undefined || value === null ? undefined : String(value);
};

/** Whether the path leads to one value: there are no such places in a list, nor in an object. */
export const hasArgument = (field: GraphQLField<unknown, unknown>, path: string): boolean => {
  const [first, ...rest] = path.split('.');
  let type: GraphQLInputType | undefined = field.args.find(({ name }) => name === first)?.type;
  for (const name of rest) {
    const nullable: GraphQLInputType | undefined = type && getNullableType(type);
    type = isInputObjectType(nullable) ? nullable.getFields()[name]?.type : undefined;
  }
  return type !== undefined && isLeafType(getNullableType(type));
};

export type FieldUse = {
  readonly coordinate: string;
  readonly policy: FieldPolicy;
  readonly principal: Principal;
  readonly args: Arguments;
};

const whoOrWhat = ({ per, argument }: Budget, { principal, args }: FieldUse): string | undefined => {
  if (argument !== undefined) return valueAt(args, argument);
  return per === 'client' ? principal.clientId : principal.subject;
};

/** A place is of a target, or of who asks. */
export type PlaceOfUse = Places & { readonly isOfTarget: boolean };

/** One place of every budget that the use touches; fields that name the same in one bucket share a key. */
export const placesOf = (use: FieldUse): readonly PlaceOfUse[] =>
  use.policy.budgets.flatMap((budget) => {
    const { per, max, windowMs } = budget;
    const value = whoOrWhat(budget, use);
    if (value === undefined) return [];
    const key = digestOf(bucketOf(use.coordinate, budget), per, String(windowMs), value);
    return { key, count: 1, max, windowMs, isOfTarget: isTarget(per) };
  });

/** The same places, each key once, with how many are taken of it together. */
export const together = (places: readonly Places[]): readonly Places[] => {
  const byKey = new Map<string, Places>();
  for (const { key, count, max, windowMs } of places)
    byKey.set(key, { key, max, windowMs, count: (byKey.get(key)?.count ?? 0) + count });
  return [...byKey.values()];
};
