/**
 * What the current API takes away from the last published one, and which of it may go.
 *
 * graphql-js finds the breaks. One may go when no registered operation touches it AND a decision record names it, by
 * its schema coordinate or by graphql-js's own sentence.
 */
import { BreakingChangeType, findBreakingChanges, type GraphQLSchema } from 'graphql';
import type { Problem } from './problem.ts';
import type { RegisteredOperation } from './registered-operations.ts';
import { lineOfCoordinate } from './schema-coordinate.ts';
import { usageOf } from './usage.ts';

export type Break = {
  type: BreakingChangeType;
  /** graphql-js's own words. */
  description: string;
  /** `T`, `T.field`, `T.field(arg:)`, `ENUM.VALUE`; undefined where coordinates cannot say it (union members, interfaces). */
  coordinate: string | undefined;
  /** An operation is hurt when it touches this. */
  hurts: string | undefined;
};
/** A break that may go, and the record that says so. */
export type DecidedBreak = { break: Break; record: string };

type Parts = { coordinate?: string; hurts: string };
type Reading = readonly [pattern: RegExp, read: (...names: string[]) => Parts];

const both = (coordinate: string): Parts => ({ coordinate, hurts: coordinate });
const directive: Reading = [/ (\w+)(?: was added)?\.$/, (name) => both(`@${name}`)];

/** graphql-js tells a change in a sentence only; these take the names back out of it. */
const READINGS: Readonly<Record<BreakingChangeType, Reading>> = {
  [BreakingChangeType.TYPE_REMOVED]: [/^(?:Standard scalar )?(\w+) was removed/, (type) => both(`${type}`)],
  [BreakingChangeType.TYPE_CHANGED_KIND]: [/^(\w+) changed from/, (type) => both(`${type}`)],
  [BreakingChangeType.TYPE_REMOVED_FROM_UNION]: [/from union type (\w+)\.$/, (union) => ({ hurts: `${union}` })],
  [BreakingChangeType.VALUE_REMOVED_FROM_ENUM]: [
    /^(\w+) was removed from enum type (\w+)\.$/,
    (value, type) => both(`${type}.${value}`),
  ],
  [BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED]: [
    /^A required field (\w+) on input type (\w+) was added\.$/,
    (field, type) => ({ coordinate: `${type}.${field}`, hurts: `${type}` }),
  ],
  [BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED]: [
    /no longer implements interface (\w+)\.$/,
    (type) => ({ hurts: `${type}` }),
  ],
  [BreakingChangeType.FIELD_REMOVED]: [/^(\w+\.\w+) was removed\.$/, (field) => both(`${field}`)],
  [BreakingChangeType.FIELD_CHANGED_KIND]: [/^(\w+\.\w+) changed type/, (field) => both(`${field}`)],
  [BreakingChangeType.REQUIRED_ARG_ADDED]: [
    /^A required arg (\w+) on (\w+\.\w+) was added\.$/,
    (argument, field) => ({ coordinate: `${field}(${argument}:)`, hurts: `${field}` }),
  ],
  [BreakingChangeType.ARG_REMOVED]: [/^(\w+\.\w+) arg (\w+) was/, (field, argument) => both(`${field}(${argument}:)`)],
  [BreakingChangeType.ARG_CHANGED_KIND]: [
    /^(\w+\.\w+) arg (\w+) has changed/,
    (field, argument) => both(`${field}(${argument}:)`),
  ],
  [BreakingChangeType.DIRECTIVE_REMOVED]: [/^(\w+) was removed/, (name) => both(`@${name}`)],
  [BreakingChangeType.DIRECTIVE_ARG_REMOVED]: directive,
  [BreakingChangeType.REQUIRED_DIRECTIVE_ARG_ADDED]: directive,
  [BreakingChangeType.DIRECTIVE_REPEATABLE_REMOVED]: directive,
  [BreakingChangeType.DIRECTIVE_LOCATION_REMOVED]: directive,
};

/** graphql-js's findings, their coordinates read out of them. */
export const findBreaks = (published: GraphQLSchema, current: GraphQLSchema): Break[] =>
  findBreakingChanges(published, current).map(({ type, description }) => {
    const [pattern, read] = READINGS[type];
    const match = pattern.exec(description);
    const { coordinate, hurts }: Partial<Parts> = match ? read(...match.slice(1)) : {};
    return { type, description, coordinate, hurts };
  });

export type BreakInput = {
  published: GraphQLSchema;
  current: GraphQLSchema;
  operations: readonly RegisteredOperation[];
  /** From `readDecidedBreaks`. */
  decided: ReadonlyMap<string, string>;
};

/** The breaks that may not go, as problems, and those that may. A break whose words we cannot read may not. */
export const checkBreaks = (input: BreakInput): { problems: Problem[]; allowed: DecidedBreak[] } => {
  const { published, current, operations, decided } = input;
  const usages = operations.map((operation) => ({ operation, used: usageOf(operation.document, published) }));
  const problems: Problem[] = [];
  const allowed: DecidedBreak[] = [];
  for (const found of findBreaks(published, current)) {
    const { description, coordinate, hurts } = found;
    const hurt = usages.filter(({ used }) => hurts === undefined || used.has(hurts)).map(({ operation }) => operation);
    const record = decided.get(description) ?? (coordinate === undefined ? undefined : decided.get(coordinate));
    if (hurt.length === 0 && record) allowed.push({ break: found, record });
    else problems.push(problemOf(found, hurt, lineOfCoordinate(published, hurts)));
  }
  return { problems, allowed };
};

const problemOf = (
  { description, coordinate }: Break,
  hurt: readonly RegisteredOperation[],
  where: string,
): Problem => {
  const what = `${description.replace(/\.$/, '')}: this breaks the last published API`;
  if (hurt.length > 0) {
    const names = hurt.map(({ name, where: list }) => `${name} (${list})`).join(', ');
    return {
      check: 'breaking-change',
      what: `${what}, and installed apps use it: ${names}`,
      where,
      how: 'Put it back. Add the new form beside it and mark the old one @deprecated; it may go when no registered operation touches it.',
    };
  }
  return {
    check: 'breaking-change',
    what: `${what}; no registered operation touches it, but no decision record names it`,
    where,
    how: `Put it back, or write docs/decisions/NNNN-verb-object.md with the line "Breaks: ${coordinate ?? description}".`,
  };
};
