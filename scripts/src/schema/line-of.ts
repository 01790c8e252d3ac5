import type { ASTNode, GraphQLError } from 'graphql';

/** `path:line` of a node that was parsed from a named source, else undefined. */
export const lineOfNode = (node: ASTNode | null | undefined): string | undefined =>
  node?.loc ? `${node.loc.source.name}:${node.loc.startToken.line}` : undefined;

/** Every place that an error points at, as `path:line`, joined by commas; undefined when it points nowhere. */
export const lineOf = (error: GraphQLError): string | undefined => {
  const ofNodes = (error.nodes ?? []).map(lineOfNode).filter((place) => place !== undefined);
  const ofPositions = (error.locations ?? []).map(({ line }) => `${error.source?.name}:${line}`);
  const places = ofNodes.length > 0 ? ofNodes : error.source ? ofPositions : [];
  return places.length > 0 ? [...new Set(places)].join(', ') : undefined;
};
