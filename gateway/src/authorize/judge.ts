/**
 * May you? The verdict on a whole operation before any subgraph is asked, by calling shield's own guard in front of
 * every selected field. One denied field refuses the whole request, and every denied path is named.
 */

import { type ErrorCode, HouseError } from '@house/kernel/errors';
import {
  type FieldNode,
  type GraphQLError,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getArgumentValues,
  getNamedType,
  isAbstractType,
  isObjectType,
  type SelectionSetNode,
} from 'graphql';
import { collectFields, type Operation } from '../operation.ts';
import { refuseOperation } from '../refusal.ts';
import type { RuleContext } from './permissions.ts';
import { type Guards, openGuard } from './shield.ts';

/** A denied field, by response names from where the walk began. */
type Denial = { readonly path: readonly string[]; readonly code: ErrorCode };

/** Names that begin like this are the schema's own; introspection has its own switch. */
const isMetaField = (name: string): boolean => name.startsWith('__');

/** What shield's guard hands through when it allows. */
const ALLOWED = Symbol('allowed');

/** The arguments of a field as its resolver would get them. @throws GraphQLError that names the argument. */
export const argumentsOf = (
  operation: Operation,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): Record<string, unknown> => getArgumentValues(field, node, operation.variables);

/** As much of graphql-js's info as exists before anything is executed. */
export const infoOf = (
  operation: Operation,
  parentType: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  fieldNodes: readonly FieldNode[],
): GraphQLResolveInfo => ({
  fieldName: field.name,
  fieldNodes,
  returnType: field.type,
  parentType,
  path: { prev: undefined, key: field.name, typename: parentType.name },
  schema: operation.schema,
  fragments: operation.fragments,
  rootValue: undefined,
  operation: operation.definition,
  variableValues: operation.variables,
});

const createWalk = (guards: Guards, operation: Operation) => {
  const context: RuleContext = { principal: operation.principal, _shield: { cache: {} } };
  const numbers = new Map<SelectionSetNode, number>();
  const numberOf = (selectionSet: SelectionSetNode): number => {
    const number = numbers.get(selectionSet) ?? numbers.size;
    numbers.set(selectionSet, number);
    return number;
  };

  const judgeField = async (
    parentType: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
    nodes: readonly [FieldNode, ...FieldNode[]],
  ): Promise<readonly Denial[]> => {
    const guard = guards.of(parentType.name, field.name);
    // Arguments are coerced even where nobody looks at them: what does not fit is refused before a subgraph is asked.
    const args = field.args.length > 0 ? argumentsOf(operation, field, nodes[0]) : {};
    if (guard !== openGuard) {
      const verdict = await guard?.(() => ALLOWED, {}, args, context, infoOf(operation, parentType, field, nodes));
      if (verdict !== ALLOWED) return [{ path: [], code: verdict instanceof HouseError ? verdict.code : 'FORBIDDEN' }];
    }
    const selectionSets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const type = getNamedType(field.type);
    if (isObjectType(type)) return judge(type, selectionSets);
    if (!isAbstractType(type)) return [];
    return (
      await Promise.all(operation.schema.getPossibleTypes(type).map((possible) => judge(possible, selectionSets)))
    ).flat();
  };

  // The same selections on the same type get the same verdict: without this a chain of fragments that each spread the
  // next one twice would be walked 2^n times.
  const judged = new Map<string, Promise<readonly Denial[]>>();
  const judge = (type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): Promise<readonly Denial[]> => {
    const key = `${type.name} ${selectionSets.map(numberOf).join(' ')}`;
    const known = judged.get(key);
    if (known) return known;
    const denials = judgeFields(type, selectionSets);
    judged.set(key, denials);
    return denials;
  };

  const judgeFields = async (
    type: GraphQLObjectType,
    selectionSets: readonly SelectionSetNode[],
  ): Promise<readonly Denial[]> => {
    const fields = [...collectFields(operation, type, selectionSets)].map(async ([name, nodes]) => {
      const fieldName = nodes[0].name.value;
      if (isMetaField(fieldName)) return [];
      const field = type.getFields()[fieldName];
      // Validation has refused such a document already; if it did not, the field is closed.
      const denials = field ? await judgeField(type, field, nodes) : [{ path: [], code: 'FORBIDDEN' as const }];
      return denials.map(({ path, code }) => ({ path: [name, ...path], code }));
    });
    return (await Promise.all(fields)).flat();
  };

  return () => judge(operation.rootType, [operation.definition.selectionSet]);
};

/** @returns one error for each denied path; none when the operation is allowed. */
export const authorize = async (guards: Guards, operation: Operation): Promise<readonly GraphQLError[]> => {
  const denials = await createWalk(guards, operation)();
  // An interface is judged once for each type behind it: the same path may be denied more than once.
  const byPath = new Map(denials.map((denial) => [denial.path.join('\n'), denial]));
  return [...byPath.values()].map(({ path, code }) => refuseOperation(new HouseError(code), path));
};
