/**
 * What one document may ask for, whatever its variables are. It is a validation rule, so that a document that was found
 * acceptable once is not measured again. Fragments count as often as they are spread.
 */
import {
  type ASTVisitor,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

export type DocumentLimits = {
  /** Fields below one another. The app's deepest screen has 6. */
  readonly depth: number;
  /**
   * Fields with another response name than their own. Not the five that are often advised: each alias counts as a use of
   * its own wherever a use is limited, so that they bring nothing but many answers in one request.
   */
  readonly aliases: number;
  /** All fields, after the fragments are spread. The app's largest screen has under 60. */
  readonly fields: number;
  /** Mutations of one request run one after another. */
  readonly mutations: number;
  /** Lexical tokens; the parser stops there. The app's longest document and an introspection query have under 200. */
  readonly tokens: number;
};

export const DOCUMENT_LIMITS: DocumentLimits = { depth: 12, aliases: 30, fields: 400, mutations: 10, tokens: 1_000 };

type Size = { readonly depth: number; readonly aliases: number; readonly fields: number };
const NOTHING: Size = { depth: 0, aliases: 0, fields: 0 };

/** Introspection is deep by nature; it has its own switch and graphql-js bounds its recursion. */
const isIntrospection = ({ name }: FieldNode): boolean => name.value === '__schema' || name.value === '__type';

const createRuler = (fragmentOf: (name: string) => FragmentDefinitionNode | null | undefined) => {
  const fragments = new Map<string, Size>();

  // A fragment that spreads itself is refused by another rule; here it counts as nothing while it is being measured.
  const ofFragment = (name: string): Size => {
    const known = fragments.get(name);
    if (known) return known;
    fragments.set(name, NOTHING);
    const fragment = fragmentOf(name);
    const size = fragment ? ofSelections(fragment.selectionSet) : NOTHING;
    fragments.set(name, size);
    return size;
  };

  const ofField = (node: FieldNode): Size => {
    const inner = node.selectionSet && !isIntrospection(node) ? ofSelections(node.selectionSet) : NOTHING;
    return { depth: inner.depth + 1, aliases: inner.aliases + (node.alias ? 1 : 0), fields: inner.fields + 1 };
  };

  const ofSelections = ({ selections }: SelectionSetNode): Size => {
    let total = NOTHING;
    for (const node of selections) {
      const size =
        node.kind === Kind.FIELD
          ? ofField(node)
          : node.kind === Kind.FRAGMENT_SPREAD
            ? ofFragment(node.name.value)
            : ofSelections(node.selectionSet);
      total = {
        depth: Math.max(total.depth, size.depth),
        aliases: total.aliases + size.aliases,
        fields: total.fields + size.fields,
      };
    }
    return total;
  };

  const roots = new Map<string, number>();

  /** Fields at the root itself, for mutations. Each fragment is counted once, however often and deep it is spread. */
  const atRoot = ({ selections }: SelectionSetNode): number => {
    let count = 0;
    for (const node of selections) {
      if (node.kind === Kind.FIELD) count += 1;
      else count += node.kind === Kind.INLINE_FRAGMENT ? atRoot(node.selectionSet) : ofRoots(node.name.value);
    }
    return count;
  };

  const ofRoots = (name: string): number => {
    const known = roots.get(name);
    if (known !== undefined) return known;
    roots.set(name, 0);
    const fragment = fragmentOf(name);
    const count = fragment ? atRoot(fragment.selectionSet) : 0;
    roots.set(name, count);
    return count;
  };

  return { ofSelections, atRoot };
};

/** Reports `QUERY_TOO_COMPLEX` with the first limit that an operation of the document goes beyond. */
export const limitDocument =
  (limits: DocumentLimits): ValidationRule =>
  (context: ValidationContext): ASTVisitor => {
    const ruler = createRuler((name) => context.getFragment(name));
    return {
      OperationDefinition: (node) => {
        const { depth, aliases, fields } = ruler.ofSelections(node.selectionSet);
        const mutations = node.operation === 'mutation' ? ruler.atRoot(node.selectionSet) : 0;
        const measured = { depth, aliases, fields, mutations };
        const exceeded = (['depth', 'aliases', 'fields', 'mutations'] as const).find(
          (name) => measured[name] > limits[name],
        );
        if (!exceeded) return;
        context.reportError(
          new GraphQLError(
            `The document asks for too much at once: ${exceeded} ${measured[exceeded]}, at most ${limits[exceeded]}.`,
            {
              extensions: { code: 'QUERY_TOO_COMPLEX' },
            },
          ),
        );
      },
    };
  };
