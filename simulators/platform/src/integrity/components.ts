/**
 * What the signatures of v2 cover (contract §5.8), and how a component is read from a request: from the request target
 * as it was sent, because a URL that was parsed and written again may be another one.
 */

/** Covered in every request. */
const REQUEST_COMPONENTS = ['@method', '@authority', '@path', '@query', 'content-digest'] as const;
/** Covered in a request that has them. */
const WHERE_PRESENT = ['content-type', 'idempotency-key', 'expires-at'] as const;
export const REQUEST_PARAMETERS = ['created', 'nonce', 'keyid', 'alg'] as const;

export const RESPONSE_COMPONENTS = [
  '@status',
  'content-digest',
  '@method;req',
  '@path;req',
  'content-digest;req',
] as const;
export const RESPONSE_PARAMETERS = ['created', 'keyid', 'alg'] as const;

export const ALGORITHM = 'ecdsa-p256-sha256';

/** As it came over the wire. */
export type SentRequest = {
  method: string;
  /** `host:port`. */
  authority: string;
  /** Without the query. */
  path: string;
  /** After the question mark; empty for none. */
  search: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
};

export const coveredIn = (headers: SentRequest['headers']): readonly string[] => [
  ...REQUEST_COMPONENTS,
  ...WHERE_PRESENT.filter((name) => headers[name] !== undefined),
];

/** RFC 9421 §2.2.3: in lower case, without the port that HTTPS has anyway. */
export const authorityOf = (host: string): string => host.toLowerCase().replace(/:443$/, '');

/** The derived components whose value is in the request target; undefined for any other. */
export const targetComponent = (name: string, { authority, path, search }: SentRequest): string | undefined => {
  if (name === '@authority') return authorityOf(authority);
  if (name === '@path') return path;
  return name === '@query' ? `?${search}` : undefined;
};

/** For the library, which wants a URL; what is in it is never asked. */
export const messageOf = ({ method, headers }: SentRequest) => ({
  method,
  url: 'https://request.invalid/',
  headers: { ...headers },
});
