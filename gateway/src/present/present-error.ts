/**
 * What a person may read of an error inside the GraphQL pipeline: message, path, code, and when to come back. Where a
 * document itself is at fault, also the places in it. Names of services, stacks and texts of queries stay inside.
 */

import { type ErrorCode, HouseError, isErrorCode } from '@house/kernel/errors';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';

/** Codes of Apollo Server, in the words of the catalogue. */
const APOLLO_CODES: Readonly<Record<string, ErrorCode>> = {
  BAD_REQUEST: 'BAD_USER_INPUT',
  GRAPHQL_PARSE_FAILED: 'BAD_USER_INPUT',
  GRAPHQL_VALIDATION_FAILED: 'BAD_USER_INPUT',
  OPERATION_RESOLUTION_FAILURE: 'BAD_USER_INPUT',
  PERSISTED_QUERY_NOT_FOUND: 'DOCUMENT_NOT_TRUSTED',
  PERSISTED_QUERY_NOT_SUPPORTED: 'DOCUMENT_NOT_TRUSTED',
};

/** graphql-js says it in words only when its parser stops at the limit of tokens. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more (?:than|that) \d+ tokens/;
const SUGGESTION = ' Did you mean ';
/** Longer ones repeat a value that did not fit; the client has it. */
const MESSAGE_LIMIT = 500;

/** Not by a pattern: tried at every place of a long value, it would take seconds. */
const withoutSuggestion = (message: string): string => {
  const at = message.endsWith('?') ? message.lastIndexOf(SUGGESTION) : -1;
  return at === -1 ? message : message.slice(0, at);
};

const cut = (message: string): string =>
  message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT)}…` : message;

const codeOf = ({ message, extensions }: GraphQLFormattedError | GraphQLError, cause: unknown): ErrorCode => {
  if (TOO_MANY_TOKENS.test(message)) return 'QUERY_TOO_COMPLEX';
  const own = (cause as { originalError?: { extensions?: { code?: unknown } } } | undefined)?.originalError?.extensions
    ?.code;
  if (isErrorCode(own)) return own;
  const code = extensions?.['code'];
  if (isErrorCode(code)) return code;
  return (typeof code === 'string' && Object.hasOwn(APOLLO_CODES, code) && APOLLO_CODES[code]) || 'INTERNAL';
};

const wordsOf = ({ message, extensions }: GraphQLFormattedError, code: ErrorCode): string => {
  if (code === 'INTERNAL') return new HouseError(code).message;
  return extensions?.['validationErrorCode'] === 'INTROSPECTION_DISABLED' ? 'Introspection is off.' : message;
};

/**
 * Apollo Server's `formatError`.
 * @param development keeps "Did you mean": elsewhere it would let the schema be guessed name by name.
 */
export const createPresentError =
  ({ development }: { development: boolean }) =>
  (formatted: GraphQLFormattedError, cause: unknown): GraphQLFormattedError => {
    const code = codeOf(formatted, cause);
    const { path, locations, extensions } = formatted;
    const message = wordsOf(formatted, code);
    const retryAfterSeconds = extensions?.['retryAfterSeconds'];
    return {
      message: cut(development ? message : withoutSuggestion(message)),
      ...(locations && code !== 'INTERNAL' && { locations }),
      ...(path && { path }),
      extensions: { code, ...(typeof retryAfterSeconds === 'number' && { retryAfterSeconds }) },
    };
  };

/** Whether an error is ours to look into: the person is told `INTERNAL`, so the log has to tell the rest. */
export const isUnexplained = (error: GraphQLError): boolean => codeOf(error, error) === 'INTERNAL';
