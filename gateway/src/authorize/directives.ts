/**
 * Who may do what, read from the supergraph: `@authenticated` and `@requiresScopes` on fields of object types.
 * The JavaScript gateway refuses a supergraph with SECURITY features, so they are taken out after they were read.
 * Whatever this file does not understand is refused, never ignored.
 */
import {
  type DirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
  isTypeDefinitionNode,
  isTypeExtensionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  type SchemaDefinitionNode,
  type SchemaExtensionNode,
  visit,
} from 'graphql';

/** `scopes` is an OR of ANDs; absent: any principal. */
export type Requirement = { readonly scopes?: readonly (readonly string[])[] };

/** Requirements by type and field. */
export type Requirements = ReadonlyMap<string, ReadonlyMap<string, Requirement>>;

const AUTHENTICATED = 'authenticated';
const REQUIRES_SCOPES = 'requiresScopes';
const UNDERSTOOD: ReadonlySet<string> = new Set([AUTHENTICATED, REQUIRES_SCOPES]);
const isScopeScalar = (name: string): boolean => name.startsWith(`${REQUIRES_SCOPES}__`);

const refuse = (what: string): never => {
  throw new TypeError(`The supergraph cannot be used: ${what}`);
};

const textOf = (directive: DirectiveNode, name: string): string | undefined => {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.STRING || value?.kind === Kind.ENUM ? value.value : undefined;
};

/** The feature's name when this is a `@link` to a SECURITY feature. */
const securityFeature = (directive: DirectiveNode): string | undefined => {
  if (directive.name.value !== 'link') return undefined;
  const feature = /\/([A-Za-z_]+)\/v\d+\.\d+$/.exec(textOf(directive, 'url') ?? '')?.[1];
  if (textOf(directive, 'for') !== 'SECURITY' && !(feature && UNDERSTOOD.has(feature))) return undefined;
  if (!feature || !UNDERSTOOD.has(feature))
    return refuse(`the SECURITY feature ${textOf(directive, 'url')} is not supported`);
  if (directive.arguments?.some(({ name }) => name.value === 'as' || name.value === 'import'))
    return refuse(`@${feature} is renamed by its @link; use its own name`);
  return feature;
};

const scopesOf = (directive: DirectiveNode, coordinate: string): string[][] => {
  const value = directive.arguments?.find((argument) => argument.name.value === 'scopes')?.value;
  if (value?.kind !== Kind.LIST) return refuse(`${coordinate}: @${REQUIRES_SCOPES} has no list of scopes`);
  return value.values.map((all) => {
    if (all.kind !== Kind.LIST) return refuse(`${coordinate}: @${REQUIRES_SCOPES} takes lists of scopes`);
    return all.values.map((scope) =>
      scope.kind === Kind.STRING ? scope.value : refuse(`${coordinate}: a scope is a string`),
    );
  });
};

const requirementOf = ({ directives = [] }: FieldDefinitionNode, coordinate: string): Requirement | undefined => {
  const understood = directives.filter(({ name }) => UNDERSTOOD.has(name.value));
  if (understood.length === 0) return undefined;
  const scoped = understood.filter(({ name }) => name.value === REQUIRES_SCOPES);
  if (scoped.length > 1) return refuse(`${coordinate}: @${REQUIRES_SCOPES} stands twice`);
  const [only] = scoped;
  return only ? { scopes: scopesOf(only, coordinate) } : {};
};

const isSecurity = ({ name }: DirectiveNode): boolean => UNDERSTOOD.has(name.value);

const FIELDS_ONLY = `put @${AUTHENTICATED} and @${REQUIRES_SCOPES} on fields of object types`;

type Types = { readonly objects: ObjectTypeDefinitionNode[]; readonly interfaces: InterfaceTypeDefinitionNode[] };

const typesOf = ({ definitions }: DocumentNode): Types => {
  const types: Types = { objects: [], interfaces: [] };
  for (const definition of definitions) {
    if (definition.kind === Kind.OBJECT_TYPE_DEFINITION) types.objects.push(definition);
    if (definition.kind === Kind.INTERFACE_TYPE_DEFINITION) types.interfaces.push(definition);
    if (isTypeExtensionNode(definition)) refuse(`${definition.name.value}: a supergraph has no extensions`);
    if (isTypeDefinitionNode(definition) && definition.directives?.some(isSecurity))
      refuse(`${definition.name.value}: ${FIELDS_ONLY}`);
  }
  return types;
};

/**
 * Composition repeats on an interface's field what the types behind it require. Those types are judged one by one, so
 * the repetition is not needed; a requirement that no type behind the interface has would be lost.
 */
const checkInterface = (
  { name, fields = [] }: InterfaceTypeDefinitionNode,
  { objects }: Types,
  requirements: Requirements,
): void => {
  const behind = objects.filter(({ interfaces = [] }) =>
    interfaces.some((implemented) => implemented.name.value === name.value),
  );
  for (const field of fields) {
    const isEnforced = behind.some((type) => requirements.get(type.name.value)?.has(field.name.value));
    if (field.directives?.some(isSecurity) && !isEnforced) refuse(`${name.value}.${field.name.value}: ${FIELDS_ONLY}`);
  }
};

const read = (document: DocumentNode): Requirements => {
  const types = typesOf(document);
  const requirements = new Map<string, Map<string, Requirement>>();
  for (const { name, fields = [] } of types.objects) {
    const ofType = new Map<string, Requirement>();
    for (const field of fields) {
      const requirement = requirementOf(field, `${name.value}.${field.name.value}`);
      if (requirement) ofType.set(field.name.value, requirement);
    }
    if (ofType.size > 0) requirements.set(name.value, ofType);
  }
  for (const one of types.interfaces) checkInterface(one, types, requirements);
  return requirements;
};

const strip = (document: DocumentNode): DocumentNode => {
  const withoutSecurity = <
    Node extends SchemaDefinitionNode | SchemaExtensionNode | ObjectTypeDefinitionNode | FieldDefinitionNode,
  >(
    node: Node,
  ): Node => ({
    ...node,
    directives: node.directives?.filter(
      (directive) => !securityFeature(directive) && !UNDERSTOOD.has(directive.name.value),
    ),
  });
  return visit(document, {
    SchemaDefinition: withoutSecurity,
    SchemaExtension: withoutSecurity,
    FieldDefinition: withoutSecurity,
    DirectiveDefinition: (node) => (UNDERSTOOD.has(node.name.value) ? null : undefined),
    ScalarTypeDefinition: (node) => (isScopeScalar(node.name.value) ? null : undefined),
  });
};

/**
 * @returns the requirements, and the same supergraph without the directives, their definitions, scalars and links.
 * @throws TypeError that names the place when a security directive stands where this gateway would not enforce it.
 */
export const readRequirements = (supergraphSdl: string): { requirements: Requirements; sdl: string } => {
  const document = parse(supergraphSdl, { noLocation: true });
  const stripped = strip(document);
  return { requirements: read(document), sdl: print(stripped) };
};
