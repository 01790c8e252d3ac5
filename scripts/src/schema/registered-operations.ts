/** Every document that an installed app may still send: the union of all published lists. */
import { type DocumentNode, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import type { Problem } from './problem.ts';
import { OPERATIONS_FILE, type Publication, REGISTRY } from './registry.ts';

export type RegisteredOperation = {
  hash: string;
  name: string;
  document: DocumentNode;
  /** The first list that has it. */
  where: string;
};

/** Each once, by the first publication that listed it. Throws GraphQLError when a published text is not GraphQL. */
export const registeredOperations = (publications: readonly Publication[]): RegisteredOperation[] => {
  const found = new Map<string, RegisteredOperation>();
  for (const { folder, operations } of publications) {
    for (const [hash, { name, text }] of Object.entries(operations)) {
      if (found.has(hash)) continue;
      found.set(hash, { hash, name, document: parse(text), where: `${REGISTRY}/${folder}/${OPERATIONS_FILE}` });
    }
  }
  return [...found.values()];
};

/** What installed apps could no longer ask if the current API were released. */
export const checkRegisteredOperations = (
  operations: readonly RegisteredOperation[],
  apiSchema: GraphQLSchema,
): Problem[] =>
  operations.flatMap(({ hash, name, document, where }) =>
    validate(apiSchema, document).map((error) => ({
      check: 'registered-operations',
      what: `the registered operation ${name} (${hash.slice(0, 12)}) no longer validates: ${describe(error)}`,
      where,
      how: 'Keep what it asks for, @deprecated if need be: an installed app still sends it.',
    })),
  );

const describe = (error: GraphQLError): string => {
  const [at] = error.locations ?? [];
  return at ? `${error.message} (line ${at.line} of the document)` : error.message;
};
