/** What differs between two APIs, in words for a note. */
import { BreakingChangeType, findDangerousChanges, type GraphQLSchema, specifiedScalarTypes } from 'graphql';
import { findBreaks } from './breaking-changes.ts';

export type Changes = { added: string[]; broken: string[]; dangerous: string[] };

const REMOVALS: readonly BreakingChangeType[] = [
  BreakingChangeType.TYPE_REMOVED,
  BreakingChangeType.FIELD_REMOVED,
  BreakingChangeType.ARG_REMOVED,
  BreakingChangeType.VALUE_REMOVED_FROM_ENUM,
];

/** `added` are coordinates (what going back would remove); the others are graphql-js's own sentences. */
export const changesBetween = (before: GraphQLSchema, after: GraphQLSchema): Changes => ({
  added: findBreaks(after, before)
    .filter(({ type, coordinate }) => REMOVALS.includes(type) && !isBuiltIn(coordinate))
    .map(({ coordinate, description }) => coordinate ?? description),
  broken: findBreaks(before, after).map(({ description }) => description),
  dangerous: findDangerousChanges(before, after).map(({ description }) => description),
});

const isBuiltIn = (name: string | undefined): boolean => specifiedScalarTypes.some((scalar) => scalar.name === name);
