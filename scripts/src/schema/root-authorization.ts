/** Every root field says who may ask for it: a field without a row would be closed to all, by omission rather than choice. */
import type { SdlPart } from '@house/schema/subgraph-sdl.ts';
import { type ConstDirectiveNode, type FieldDefinitionNode, GraphQLError, Kind } from 'graphql';
import { parsePart } from './compose.ts';
import { lineOfNode } from './line-of.ts';
import type { Problem } from './problem.ts';

const ROOTS = ['Query', 'Mutation', 'Subscription'];

/** The root fields without an authorization directive. A part that is not GraphQL is the composition's problem. */
export const checkRootAuthorization = (parts: readonly SdlPart[]): Problem[] =>
  parts.flatMap((part) => {
    try {
      return parsePart(part).flatMap((definition) => {
        const isObject =
          definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.OBJECT_TYPE_EXTENSION;
        if (!isObject || !ROOTS.includes(definition.name.value)) return [];
        const open = (definition.fields ?? []).filter((field) => !isGuarded(field));
        return open.map((field) => problemOf(definition.name.value, field, part.path));
      });
    } catch (error) {
      if (error instanceof GraphQLError) return [];
      throw error;
    }
  });

const isGuarded = ({ directives }: FieldDefinitionNode): boolean =>
  (directives ?? []).some(
    (directive) =>
      directive.name.value === 'authenticated' || (directive.name.value === 'requiresScopes' && namesScopes(directive)),
  );

/** `[]` and `[[]]` ask for nothing: anybody would pass. */
const namesScopes = ({ arguments: args }: ConstDirectiveNode): boolean => {
  const value = args?.find(({ name }) => name.value === 'scopes')?.value;
  return (
    value?.kind === Kind.LIST &&
    value.values.length > 0 &&
    value.values.every((all) => all.kind === Kind.LIST && all.values.length > 0)
  );
};

const problemOf = (type: string, field: FieldDefinitionNode, path: string): Problem => ({
  check: 'root-authorization',
  what: `${type}.${field.name.value} does not say who may ask for it`,
  where: lineOfNode(field) ?? path,
  how: 'Add @requiresScopes(scopes: [["…"]]) with a scope of schema/roles.ts, or @authenticated if every signed-in person may.',
});
