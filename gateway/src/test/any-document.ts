/** Documents that a schema allows, with everything that hides which fields are asked for. */
import {
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Chance } from './seeded.ts';

/** Names of variables; some are also names on every object. */
const CONDITIONS = ['a', 'b', '__proto__', 'constructor'] as const;
const TYPES = ['Boolean!', 'Boolean! = true', 'Boolean! = false', 'Boolean = true', 'Boolean = false'] as const;
const FRAGMENT_NAMES = ['F', '__proto__', 'constructor', 'me'] as const;

export type AnyDocument = { readonly query: string; readonly variables: Readonly<Record<string, unknown>> };

const createWriter = (schema: GraphQLSchema, chance: Chance) => {
  const fragments = new Map<string, { type: string; text: string }>();
  let aliases = 0;

  const condition = (): string =>
    `@${chance.pick(['skip', 'include'])}(if: ${chance.pick(['true', 'false', ...CONDITIONS.map((name) => `$${name}`)])})`;
  const directives = (): string => (chance.happens(0.35) ? ` ${condition()}` : '');

  const fieldsOf = (type: GraphQLCompositeType): GraphQLField<unknown, unknown>[] =>
    isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];

  /** The type itself, what implements it, and what it implements. */
  const near = (type: GraphQLCompositeType): GraphQLCompositeType[] => [
    type,
    ...(isAbstractType(type) ? schema.getPossibleTypes(type) : type.getInterfaces()),
  ];

  const field = (type: GraphQLCompositeType, depth: number): string => {
    const { name, args, type: answer } = chance.pick(fieldsOf(type));
    const named = getNamedType(answer);
    if (isCompositeType(named) && depth <= 0) return '__typename';
    const given = args
      .filter((argument) => isNonNullType(argument.type))
      .map((argument) => `${argument.name}: ${chance.pick(['"p1"', '"x"'])}`);
    const alias = given.length > 0 || chance.happens(0.5) ? `x${(aliases += 1)}: ` : '';
    const inner = isCompositeType(named) ? ` ${selections(named, depth - 1)}` : '';
    return `${alias}${name}${given.length > 0 ? `(${given.join(', ')})` : ''}${directives()}${inner}`;
  };

  const spread = (type: GraphQLCompositeType, depth: number): string => {
    const on = chance.pick(near(type));
    const known = [...fragments].filter(([, fragment]) => fragment.type === on.name && fragment.text !== '');
    if (known.length > 0 && chance.happens(0.5)) return `...${chance.pick(known)[0]}${directives()}`;
    const name = `${chance.pick(FRAGMENT_NAMES)}${fragments.size || ''}`;
    // Reserved while it is being written, so that it does not spread itself.
    fragments.set(name, { type: on.name, text: '' });
    fragments.set(name, { type: on.name, text: `fragment ${name} on ${on.name} ${selections(on, depth - 1)}` });
    return `...${name}${directives()}`;
  };

  const selections = (type: GraphQLCompositeType, depth: number): string => {
    const parts = Array.from({ length: 1 + chance.below(3) }, () => {
      if (depth <= 0 || chance.happens(0.6)) return field(type, depth);
      if (chance.happens(0.4)) return spread(type, depth);
      const on = chance.pick(near(type));
      return `... on ${on.name}${directives()} ${selections(on, depth - 1)}`;
    });
    return `{ ${parts.join(' ')} }`;
  };

  return { selections, fragments: () => [...fragments.values()].map(({ text }) => text) };
};

export const anyDocument = (schema: GraphQLSchema, chance: Chance): AnyDocument => {
  const writer = createWriter(schema, chance);
  const operation = chance.happens(0.85) ? 'query' : 'mutation';
  const root = operation === 'query' ? schema.getQueryType() : schema.getMutationType();
  if (!root) throw new TypeError(`expected a schema with a ${operation}`);
  const text = [writer.selections(root, 4), ...writer.fragments()].join(' ');
  const variables: [string, unknown][] = [];
  const definitions = CONDITIONS.filter((name) => text.includes(`$${name})`)).map((name) => {
    const type = chance.pick(TYPES);
    if (!type.includes('=') || chance.happens(0.5)) variables.push([name, chance.happens(0.5)]);
    return `$${name}: ${type}`;
  });
  const head = definitions.length > 0 ? `${operation}(${definitions.join(' ')})` : operation;
  return { query: `${head} ${text}`, variables: Object.fromEntries(variables) };
};
