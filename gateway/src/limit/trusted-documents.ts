/**
 * A trusted document is named by `extensions.persistedQuery.sha256Hash`. There is no list of them yet: a name alone is
 * refused, and a name that comes with its text is ignored in favour of the text. By GET, where nobody sends both, a name
 * is refused.
 */
import type { IncomingMessage } from 'node:http';
import { HttpRefusal } from '../refusal.ts';
import type { RequestStep } from '../request-path.ts';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Told by Apollo Server, which reads it too.
    return undefined;
  }
};

/** Whether any `extensions` of the address names a document. */
const namesDocument = ({ url = '' }: IncomingMessage): boolean =>
  new URLSearchParams(url.slice(url.indexOf('?') + 1))
    .getAll('extensions')
    .map(parseJson)
    .some((extensions) => isRecord(extensions) && Object.hasOwn(extensions, 'persistedQuery'));

export const resolveDocument: RequestStep = async (exchange) => {
  if (exchange.body === undefined && namesDocument(exchange.incoming)) throw new HttpRefusal('DOCUMENT_NOT_TRUSTED');
  const extensions = exchange.body?.['extensions'];
  if (!isRecord(extensions) || !Object.hasOwn(extensions, 'persistedQuery')) return exchange;
  if (exchange.body?.['query'] === undefined) throw new HttpRefusal('DOCUMENT_NOT_TRUSTED');
  const { persistedQuery: _ignored, ...others } = extensions;
  return { ...exchange, body: { ...exchange.body, extensions: others } };
};
