/**
 * What the answer refused, whatever the client asked to see of it. The limiter has to know which mutations were refused as
 * not found, so `errors { code }` is asked for beside the client's own selection, and taken out of the answer again.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** No client can take the name: an alias that begins like this is refused. */
const SEEN = '__refusals';

const field = (name: string, selections?: readonly SelectionNode[], alias?: string): FieldNode => ({
  kind: Kind.FIELD,
  name: { kind: Kind.NAME, value: name },
  ...(alias !== undefined && { alias: { kind: Kind.NAME, value: alias } }),
  ...(selections && { selectionSet: { kind: Kind.SELECTION_SET, selections } }),
});

const ERRORS_SEEN = field('errors', [field('code')], SEEN);

const hasErrors = (mutations: GraphQLObjectType, name: string): boolean => {
  const payload = getNamedType(mutations.getFields()[name]?.type);
  const errors = isObjectType(payload) ? getNamedType(payload.getFields()['errors']?.type) : undefined;
  return isObjectType(errors) && Object.hasOwn(errors.getFields(), 'code');
};

const watched = (node: SelectionNode, mutations: GraphQLObjectType): SelectionNode => {
  if (node.kind === Kind.INLINE_FRAGMENT) return { ...node, selectionSet: watchedAll(node.selectionSet, mutations) };
  if (node.kind !== Kind.FIELD || !node.selectionSet || !hasErrors(mutations, node.name.value)) return node;
  return {
    ...node,
    selectionSet: { ...node.selectionSet, selections: [...node.selectionSet.selections, ERRORS_SEEN] },
  };
};

const watchedAll = (set: SelectionSetNode, mutations: GraphQLObjectType): SelectionSetNode => ({
  ...set,
  selections: set.selections.map((node) => watched(node, mutations)),
});

const isOnMutations = (
  node: OperationDefinitionNode | FragmentDefinitionNode,
  mutations: GraphQLObjectType,
): boolean =>
  node.kind === Kind.OPERATION_DEFINITION
    ? node.operation === 'mutation'
    : node.typeCondition.name.value === mutations.name;

/** The document with the refusals of its mutations; the same one when there is nothing to see. */
export const seeRefusals = (document: DocumentNode, schema: GraphQLSchema): DocumentNode => {
  const mutations = schema.getMutationType();
  const isChange = document.definitions.some(
    (node) => node.kind === Kind.OPERATION_DEFINITION && node.operation === 'mutation',
  );
  if (!mutations || !isChange) return document;
  return {
    ...document,
    definitions: document.definitions.map((node) =>
      (node.kind === Kind.OPERATION_DEFINITION || node.kind === Kind.FRAGMENT_DEFINITION) &&
      isOnMutations(node, mutations)
        ? { ...node, selectionSet: watchedAll(node.selectionSet, mutations) }
        : node,
    ),
  };
};

type Payload = { [SEEN]?: readonly { readonly code?: unknown }[] | null };

const isPayload = (value: unknown): value is Payload => typeof value === 'object' && value !== null && SEEN in value;

/**
 * Takes the refusals out of the answer. @returns their codes by the mutation's name in the answer; none where it was done,
 * and no entry where nothing was answered, which is all of them where one that must not be null is.
 */
export const takeRefusals = (data: unknown): ReadonlyMap<string, readonly string[]> => {
  const refusals = new Map<string, readonly string[]>();
  if (typeof data !== 'object' || data === null) return refusals;
  for (const [name, payload] of Object.entries(data)) {
    if (payload === null || payload === undefined) continue;
    if (!isPayload(payload)) {
      refusals.set(name, []);
      continue;
    }
    refusals.set(
      name,
      (payload[SEEN] ?? []).map(({ code }) => String(code)),
    );
    delete payload[SEEN];
  }
  return refusals;
};
