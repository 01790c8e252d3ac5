import {
  type ASTNode,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { lineOfNode } from './line-of.ts';

const COORDINATE = /^(?<type>\w+)(?:\.(?<member>\w+))?(?:\((?<argument>\w+):\))?$/;

/** The line at which `schema`'s source defines `coordinate`, or the nearest thing that holds it; the source else. */
export const lineOfCoordinate = (schema: GraphQLSchema, coordinate: string | undefined): string => {
  const { type: typeName = '', member = '', argument } = COORDINATE.exec(coordinate ?? '')?.groups ?? {};
  const type = schema.getType(typeName);
  const hasFields = isObjectType(type) || isInterfaceType(type);
  const field = hasFields ? type.getFields()[member] : undefined;
  const nodes: (ASTNode | null | undefined)[] = [
    field?.args.find(({ name }) => name === argument)?.astNode,
    field?.astNode,
    isInputObjectType(type) ? type.getFields()[member]?.astNode : undefined,
    isEnumType(type) ? type.getValue(member)?.astNode : undefined,
    type?.astNode,
    schema.getQueryType()?.astNode,
  ];
  const places = nodes.map(lineOfNode).filter((place) => place !== undefined);
  return places[0] ?? 'schema/registry';
};
