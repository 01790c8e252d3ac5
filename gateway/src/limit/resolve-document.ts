/**
 * Which text is meant. A trusted document is named by `extensions.persistedQuery.sha256Hash`, with its text or without,
 * by POST or by GET. Where trusted documents are required, anything else is refused before it is parsed: what the schema
 * has, and how the server words its errors, cannot be found out by asking.
 */
import { HttpRefusal } from '../refusal.ts';
import type { Exchange, RequestStep } from '../request-path.ts';
import { hashOf, type TrustedDocuments } from './trusted-documents.ts';

/** With `required` nothing but trusted documents is served. Otherwise they may be named, and any other text comes whole. */
export type DocumentMode = 'off' | 'optional' | 'required';

type Members = Readonly<Record<string, unknown>>;
/** What of a request says which document it is; lists where an address says it more than once. */
type Asked = { readonly query: unknown; readonly extensions: unknown };

const isRecord = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parseJson = (text: string | undefined): unknown => {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    // Told by Apollo Server, which reads it too.
    return undefined;
  }
};

const askedBy = ({ body, search }: Exchange): Asked => {
  if (body) return { query: body['query'], extensions: body['extensions'] };
  const parameters = new URLSearchParams(search);
  const only = (name: string): string | string[] | undefined => {
    const values = parameters.getAll(name);
    return values.length > 1 ? values : values[0];
  };
  const extensions = only('extensions');
  return {
    query: only('query'),
    extensions: Array.isArray(extensions) ? extensions.map(parseJson) : parseJson(extensions),
  };
};

/** The same request with the text of its document in the place of the name. */
const withText = (exchange: Exchange, text: string, { persistedQuery: _named, ...others }: Members): Exchange => {
  if (exchange.body) return { ...exchange, body: { ...exchange.body, query: text, extensions: others } };
  const parameters = new URLSearchParams(exchange.search);
  parameters.set('query', text);
  parameters.set('extensions', JSON.stringify(others));
  return { ...exchange, search: `?${parameters}` };
};

const isNamed = (extensions: unknown): boolean =>
  Array.isArray(extensions)
    ? extensions.some(isNamed)
    : isRecord(extensions) && Object.hasOwn(extensions, 'persistedQuery');

export const resolveDocument = ({ mode, list }: { mode: DocumentMode; list: TrustedDocuments }): RequestStep => {
  /** The text that a name and what came with it stand for; undefined when they stand for none. */
  const textFor = (named: unknown, query: unknown): string | undefined => {
    if (!isRecord(named) || typeof named['sha256Hash'] !== 'string') return undefined;
    const { version = 1, sha256Hash } = named;
    if (version !== 1) return undefined;
    const trusted = list().textOf(sha256Hash);
    if (query === undefined || query === null) return trusted;
    if (trusted !== undefined) return query === trusted ? trusted : undefined;
    // A client may name what it sends in full, as Apollo's does of a document that the server has not seen.
    return mode !== 'required' && typeof query === 'string' && hashOf(query) === sha256Hash ? query : undefined;
  };

  return async (exchange) => {
    const { query, extensions } = askedBy(exchange);
    if (!isNamed(extensions)) {
      if (mode !== 'required' || (typeof query === 'string' && list().has(query))) return exchange;
      throw new HttpRefusal('DOCUMENT_NOT_TRUSTED');
    }
    const text = isRecord(extensions) ? textFor(extensions['persistedQuery'], query) : undefined;
    if (text === undefined) throw new HttpRefusal('DOCUMENT_NOT_TRUSTED');
    return withText(exchange, text, isRecord(extensions) ? extensions : {});
  };
};

/** For a gateway that was given no list. */
export const NO_DOCUMENTS: TrustedDocuments = () => ({ textOf: () => undefined, has: () => false, size: 0 });
