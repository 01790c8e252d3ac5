/** What of an API a document touches, as schema coordinates: `T`, `T.field`, `T.field(arg:)`, `ENUM.VALUE`, `@directive`. */
import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInputType,
  type NamedTypeNode,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/**
 * Everything that `document` touches in `schema`, rather too much than too little: a variable touches all that its
 * type can hold, a field of an abstract type the same field of every type that may stand there.
 */
export const usageOf = (document: DocumentNode, schema: GraphQLSchema): ReadonlySet<string> => {
  const used = new Set<string>();
  const typeInfo = new TypeInfo(schema);
  const touchType = (type: GraphQLNamedType): void => {
    used.add(type.name);
    if (isEnumType(type)) for (const { name } of type.getValues()) used.add(`${type.name}.${name}`);
  };
  const visited = new Set<string>();
  const touchInput = (input: GraphQLInputType): void => {
    const type = getNamedType(input);
    touchType(type);
    if (!isInputObjectType(type) || visited.has(type.name)) return;
    visited.add(type.name);
    for (const field of Object.values(type.getFields())) {
      used.add(`${type.name}.${field.name}`);
      touchInput(field.type);
    }
  };
  const touchField = (name: string): void => {
    const parent = typeInfo.getParentType();
    const type = typeInfo.getType();
    if (type) touchType(getNamedType(type));
    if (!parent) return;
    used.add(parent.name);
    const owners = [parent, ...(isAbstractType(parent) ? schema.getPossibleTypes(parent) : [])];
    for (const owner of owners) used.add(`${owner.name}.${name}`);
  };
  const touchArgument = (name: string): void => {
    const parent = typeInfo.getParentType();
    const field = typeInfo.getFieldDef();
    const input = typeInfo.getInputType();
    if (input) used.add(getNamedType(input).name);
    if (!parent || !field || typeInfo.getDirective()) return;
    const owners = [parent, ...(isAbstractType(parent) ? schema.getPossibleTypes(parent) : [])];
    for (const owner of owners) used.add(`${owner.name}.${field.name}(${name}:)`);
  };
  const touchCondition = (condition: NamedTypeNode | undefined): void => {
    const type = condition && schema.getType(condition.name.value);
    if (type) touchType(type);
  };
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field: ({ name }) => touchField(name.value),
      Argument: ({ name }) => touchArgument(name.value),
      Directive: ({ name }) => void used.add(`@${name.value}`),
      InlineFragment: ({ typeCondition }) => touchCondition(typeCondition),
      FragmentDefinition: ({ typeCondition }) => touchCondition(typeCondition),
      VariableDefinition: ({ type: node }) => {
        const type = typeFromAST(schema, node);
        if (type && isInputType(type)) touchInput(type);
      },
      ObjectField: ({ name }) => {
        const parent = typeInfo.getParentInputType();
        const input = typeInfo.getInputType();
        if (input) used.add(getNamedType(input).name);
        if (parent) used.add(`${getNamedType(parent).name}.${name.value}`);
      },
      EnumValue: ({ value }) => {
        const type = typeInfo.getInputType();
        if (type) used.add(`${getNamedType(type).name}.${value}`);
      },
    }),
  );
  return used;
};
