/** The published root fields, read from the supergraph by graphql-js alone: what the gateway is held to. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  buildSchema,
  type FieldDefinitionNode,
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
  Kind,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';

export const SUPERGRAPH_FILE = createRequire(import.meta.url).resolve('@house/schema/supergraph.graphql');

export type RootField = {
  readonly coordinate: string;
  readonly name: string;
  /** Asks for nothing but this field. */
  readonly document: string;
  /** OR of ANDs of scopes; empty when any principal may; undefined when nobody may. */
  readonly scopes: readonly (readonly string[])[] | undefined;
};

/** A value that fits, as GraphQL text: only what is required. */
const valueOf = (type: GraphQLInputType): string => {
  if (isNonNullType(type)) return valueOf(type.ofType);
  if (isListType(type)) return `[${valueOf(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter(isRequiredInputField);
    return `{${required.map((field) => `${field.name}: ${valueOf(field.type)}`).join(', ')}}`;
  }
  return { Int: '1', Float: '1.5', Boolean: 'true', DateTime: '"2026-11-24T09:00:00Z"' }[type.name] ?? '"x"';
};

const documentOf = (operation: string, { name, args, type }: GraphQLField<unknown, unknown>): string => {
  const given = args.filter(isRequiredArgument).map((arg) => `${arg.name}: ${valueOf(arg.type)}`);
  const selection = isCompositeType(getNamedType(type)) ? ' { __typename }' : '';
  return `${operation} { ${name}${given.length > 0 ? `(${given.join(', ')})` : ''}${selection} }`;
};

const scopesOf = (node: FieldDefinitionNode | null | undefined): RootField['scopes'] => {
  const directive = (name: string) => node?.directives?.find((one) => one.name.value === name);
  const required: ValueNode | undefined = directive('requiresScopes')?.arguments?.[0]?.value;
  if (required?.kind === Kind.LIST) return valueFromASTUntyped(required) as string[][];
  return directive('authenticated') ? [] : undefined;
};

export const readRootFields = (): RootField[] => {
  const schema = buildSchema(readFileSync(SUPERGRAPH_FILE, 'utf8'), { assumeValidSDL: true });
  return (['query', 'mutation'] as const).flatMap((operation) => {
    const type = operation === 'query' ? schema.getQueryType() : schema.getMutationType();
    return Object.values(type?.getFields() ?? {}).map((field) => ({
      coordinate: `${type?.name}.${field.name}`,
      name: field.name,
      document: documentOf(operation, field),
      scopes: scopesOf(field.astNode),
    }));
  });
};
