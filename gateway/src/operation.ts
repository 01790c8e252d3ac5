/**
 * One operation that has been parsed and validated and is about to be judged: what it selects, with fragments, aliases,
 * `@skip` and `@include` already decided, before any subgraph is asked.
 */

import type { Principal } from '@house/kernel/principal';
import type { Deadline } from '@house/kernel/subgraph';
import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  typeFromAST,
} from 'graphql';
import type { Possession } from './authenticate/authenticate.ts';

/** What travels with a request from authentication to the subgraphs. */
export type RequestContext = {
  readonly principal: Principal;
  /** Absent where the principal showed nothing but a token. */
  readonly possession?: Possession | undefined;
  readonly traceId: string;
  readonly deadline: Deadline;
};

export type Operation = Omit<RequestContext, 'deadline'> & {
  /** The schema that the document was validated against. */
  readonly schema: GraphQLSchema;
  readonly definition: OperationDefinitionNode;
  /** The type that it starts at. */
  readonly rootType: GraphQLObjectType;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** Coerced, with defaults. */
  readonly variables: Readonly<Record<string, unknown>>;
};

const isSelected = (operation: Operation, node: SelectionNode): boolean =>
  getDirectiveValues(GraphQLSkipDirective, node, operation.variables)?.['if'] !== true &&
  getDirectiveValues(GraphQLIncludeDirective, node, operation.variables)?.['if'] !== false;

const appliesTo = (
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  node: SelectionNode | FragmentDefinitionNode,
): boolean => {
  if (node.kind === Kind.FIELD || node.kind === Kind.FRAGMENT_SPREAD || !node.typeCondition) return true;
  const condition = typeFromAST(schema, node.typeCondition);
  return condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
};

/**
 * The fields that an object of `type` is asked for, by response name; nodes under one name are merged when executed.
 * It is CollectFields of the GraphQL specification (§6.3.2).
 */
export const collectFields = (
  operation: Operation,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): ReadonlyMap<string, readonly [FieldNode, ...FieldNode[]]> => {
  const fields = new Map<string, [FieldNode, ...FieldNode[]]>();
  const spread = new Set<string>();
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const node of selections) {
      if (!isSelected(operation, node) || !appliesTo(operation.schema, type, node)) continue;
      if (node.kind === Kind.FIELD) {
        const name = node.alias?.value ?? node.name.value;
        const known = fields.get(name);
        if (known) known.push(node);
        else fields.set(name, [node]);
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        collect(node.selectionSet);
      } else if (!spread.has(node.name.value)) {
        spread.add(node.name.value);
        const fragment = operation.fragments[node.name.value];
        if (fragment && appliesTo(operation.schema, type, fragment)) collect(fragment.selectionSet);
      }
    }
  };
  for (const selectionSet of selectionSets) collect(selectionSet);
  return fields;
};
