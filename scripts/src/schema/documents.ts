/** The app's own documents, `schema/operations/<name>.graphql`: one named operation a file. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DocumentNode, GraphQLError, type GraphQLSchema, Kind, parse, Source, validate } from 'graphql';
import { lineOf } from './line-of.ts';
import type { Problem } from './problem.ts';

const FOLDER = 'schema/operations';

export type AppDocument = { path: string; text: string };

export const readDocuments = (root: string): AppDocument[] => {
  if (!existsSync(join(root, FOLDER))) return [];
  const files = readdirSync(join(root, FOLDER)).filter((file) => file.endsWith('.graphql'));
  return files
    .toSorted()
    .map((file) => ({ path: `${FOLDER}/${file}`, text: readFileSync(join(root, FOLDER, file), 'utf8') }));
};

/** SHA-256 of the text as it stands, in hex: the name under which a client asks for a trusted document. */
export const hashOf = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** The AST, its nodes located in `path`. Throws GraphQLError. */
export const parseDocument = ({ path, text }: AppDocument): DocumentNode => parse(new Source(text, path));

/** The name of the only operation in `document`; undefined when there are more, none, or it has no name. */
export const operationNameOf = (document: DocumentNode): string | undefined => {
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const [only] = operations;
  return operations.length === 1 && only?.kind === Kind.OPERATION_DEFINITION ? only.name?.value : undefined;
};

const kebab = (name: string): string => name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();

/** What is wrong with the app's documents, given the API they are written for. */
export const checkDocuments = (documents: readonly AppDocument[], apiSchema: GraphQLSchema): Problem[] => {
  const seen = new Map<string, string>();
  return documents.flatMap((source) => {
    try {
      const document = parseDocument(source);
      const name = operationNameOf(document);
      const twin = name === undefined ? undefined : seen.get(name);
      if (name !== undefined) seen.set(name, source.path);
      return [
        ...named(source.path, name, twin),
        ...validate(apiSchema, document).map((error) => invalid(source.path, error)),
      ];
    } catch (error) {
      if (error instanceof GraphQLError) return [invalid(source.path, error)];
      throw error;
    }
  });
};

const named = (path: string, name: string | undefined, twin: string | undefined): Problem[] => {
  if (name === undefined) {
    return [
      {
        check: 'documents',
        what: 'the file does not hold exactly one operation with a name',
        where: path,
        how: 'Give every operation a name and a file of its own.',
      },
    ];
  }
  if (twin) {
    return [
      {
        check: 'documents',
        what: `the operation ${name} exists twice`,
        where: `${path}, ${twin}`,
        how: 'Rename one of them.',
      },
    ];
  }
  const expected = `${FOLDER}/${kebab(name)}.graphql`;
  if (expected === path) return [];
  return [
    {
      check: 'documents',
      what: `the operation ${name} is not in the file that its name says`,
      where: path,
      how: `Move it to ${expected}, or rename the operation.`,
    },
  ];
};

const invalid = (path: string, error: GraphQLError): Problem => ({
  check: 'documents',
  what: error.message,
  where: lineOf(error) ?? path,
  how: 'Change the document to what the API offers, or add the field to its room under schema/subgraphs.',
});
