import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gql } from '@apollo/client';

/** The app's own document of that name, as it is registered. */
export const documentText = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../schema/operations/${name}.graphql`), 'utf8');

export const documentOf = (name: string): ReturnType<typeof gql> => gql(documentText(name));
