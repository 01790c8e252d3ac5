/**
 * A trusted document is named by `extensions.persistedQuery.sha256Hash`. There is no list of them yet: a name alone is
 * refused, and a name that comes with its text is ignored in favour of the text.
 */
import { HttpRefusal } from '../refusal.ts';
import type { RequestStep } from '../request-path.ts';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const resolveDocument: RequestStep = async (exchange) => {
  const extensions = exchange.body?.['extensions'];
  if (!isRecord(extensions) || !Object.hasOwn(extensions, 'persistedQuery')) return exchange;
  if (exchange.body?.['query'] === undefined) throw new HttpRefusal('DOCUMENT_NOT_TRUSTED');
  const { persistedQuery: _ignored, ...others } = extensions;
  return { ...exchange, body: { ...exchange.body, extensions: others } };
};
