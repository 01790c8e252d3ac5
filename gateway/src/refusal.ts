/** How a request is refused: before the GraphQL pipeline by `HttpRefusal`, inside it by a `GraphQLError` with a status. */

import {
  CATALOGUE,
  type CatalogueEntry,
  type ErrorCode,
  HouseError,
  type HouseErrorOptions,
} from '@house/kernel/errors';
import { GraphQLError } from 'graphql';

const entryOf = (code: ErrorCode): CatalogueEntry => CATALOGUE[code];

/** The status of a request that is refused as a whole; one that the catalogue does not name is the client's fault. */
const statusOf = (code: ErrorCode): number => entryOf(code).httpStatus ?? 400;

/** Thrown by a step that stands before the GraphQL pipeline. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly error: HouseError;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    options: HouseErrorOptions & { status?: number; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(code);
    this.error = new HouseError(code, options);
    this.status = options.status ?? statusOf(code);
    this.headers = options.headers ?? {};
  }
}

/** `Retry-After` and what else a code says in the header (RFC 9110 §10.2.3). */
export const headersOf = ({ retryAfterSeconds }: HouseError): Record<string, string> => retryAfter(retryAfterSeconds);

const retryAfter = (seconds = 0): Record<string, string> => (seconds > 0 ? { 'retry-after': String(seconds) } : {});

/**
 * The same inside the GraphQL pipeline: Apollo Server takes status and headers from `extensions.http` and removes it.
 * @param headerSeconds for `Retry-After`, of which an answer has one however many errors it has.
 */
export const refuseOperation = (
  error: HouseError,
  path?: readonly (string | number)[],
  headerSeconds = error.retryAfterSeconds,
): GraphQLError =>
  new GraphQLError(error.message, {
    path,
    originalError: error,
    extensions: {
      code: error.code,
      ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
      http: { status: statusOf(error.code), headers: new Map(Object.entries(retryAfter(headerSeconds))) },
    },
  });

/** The same refusal with more headers. */
export const withHeaders = (error: GraphQLError, headers: Readonly<Record<string, string>>): GraphQLError => {
  const http = error.extensions['http'] as { headers: Map<string, string> };
  for (const [name, value] of Object.entries(headers)) http.headers.set(name, value);
  return error;
};
