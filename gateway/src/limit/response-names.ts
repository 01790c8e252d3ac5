/**
 * Names in the answer that would mislead. @apollo/gateway fetches keys and type names beside what was asked for, under
 * their own names: an alias that takes such a name gets the key instead of what was asked for, without an error.
 */
import {
  type ASTVisitor,
  GraphQLError,
  type GraphQLNamedType,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  type ValidationContext,
} from 'graphql';

/** Keys are of type ID. */
const hasKey = (type: GraphQLNamedType, name: string): boolean => {
  if (!isObjectType(type) && !isInterfaceType(type)) return false;
  const field = type.getFields()[name];
  return field !== undefined && getNamedType(field.type).name === 'ID';
};

const isMisleading = (context: ValidationContext, alias: string): boolean => {
  if (alias.startsWith('__')) return true;
  const type = context.getParentType();
  if (!type) return false;
  const behind = isAbstractType(type) ? context.getSchema().getPossibleTypes(type) : [];
  return [type, ...behind].some((one) => hasKey(one, alias));
};

/** Reports an alias that is the name of a key of the type, or one of the schema's own names. */
export const refuseMisleadingNames = (context: ValidationContext): ASTVisitor => ({
  Field: ({ name, alias }) => {
    if (!alias || alias.value === name.value || !isMisleading(context, alias.value)) return;
    context.reportError(
      new GraphQLError(`"${alias.value}" is taken as a name in the answer; use another alias for "${name.value}".`, {
        nodes: alias,
      }),
    );
  },
});
